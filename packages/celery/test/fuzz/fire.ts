import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { pino } from "pino";
import { createClient, createControl, createWorker, type Pool, type Worker } from "../../src/index.ts";
import { type DecodedTask, decodeTask } from "../../src/message/decode-task.ts";
import { encodeTask } from "../../src/message/encode-task.ts";
import { writeEnvelope } from "../../src/message/envelope-text.ts";
import { writeJson } from "../../src/message/write-json.ts";
import { isReadyState } from "../../src/results/task-state.ts";
import { acceptAll } from "../message/arbitrary-messages.ts";
import { recordEvents } from "../worker/recorded-events.ts";
import type { Shot, Shout } from "./ammunition.ts";
import app, { fails, succeeds } from "./app.ts";
import type { Place } from "./places.ts";

export const queue = "fuzzed";
/** Gets all that is sent to its exchange. */
const routed = { name: "routed", exchange: "fuzzed", exchangeType: "topic", routingKey: "#" } as const;

export interface Salvo {
  shots: readonly Shot[];
  shouts?: readonly Shout[];
  /** Other messages come of these: what becomes of a text cannot be told by the text alone. */
  breeds?: boolean;
}

/**
 * Has a worker work off whatever the salvo is, and checks that it has done right: every good message had its effect once
 * and has its result, everything else has ended or been put aside, nothing is left, and the worker goes on working.
 *
 * @param patience  time in ms until nothing moves any more
 */
export async function fire(
  place: Place,
  salvo: Salvo,
  { pool, patience = 30_000 }: { pool?: (() => Pool) | undefined; patience?: number } = {},
): Promise<void> {
  const site = await place.open();
  const complaints = new Set<string>();
  const log = pino({ level: "warn" }, { write: (line) => void complaints.add(briefly(line)) });
  const events = recordEvents();
  const { broker, results } = site;
  const worker = createWorker({
    ...{
      broker,
      results,
      queues: [queue, routed],
      defaultQueue: queue,
      ...app,
      accept: acceptAll,
      hooks: events.hooks,
    },
    ...(pool ? { pool: pool() } : { concurrency: 4 }),
    ...{ mingle: false, heartbeatInterval: 0, abortGrace: 500, events: true, log },
  });
  try {
    await worker.start();
    await Promise.all([site.put(queue, salvo.shots), ...(salvo.shouts ?? []).map((shout) => site.shout(shout))]);
    const held = await quiet(worker);
    await stillWorks(worker);

    const letters = (await broker.deadLetters(10_000)).map(({ raw }) => raw);
    const scheduled = held.length;
    await checkGood();
    if (salvo.breeds) checkRefused(letters);
    else await checkOthers(letters, scheduled);

    await worker.stop({ grace: 0 });
    const left = [...(await waitingTexts()), ...(await site.held())];
    assert.equal(left.length, scheduled, "only what waited for its time is left, and all of that");
  } finally {
    await worker.stop({ grace: 0 });
    await site.close();
  }

  async function waitingTexts(): Promise<string[]> {
    return [...(await site.waiting(queue)), ...(await site.waiting(routed.name))];
  }

  /** Answers what is held, all of which waits for its time. */
  async function quiet(running: Worker): Promise<string[]> {
    for (const deadline = performance.now() + patience; ; await pause(5)) {
      const { running: active, reserved } = running.facts();
      const [waiting, held] = await Promise.all([waitingTexts(), site.held()]);
      const moving = held.filter((text) => !waitsForItsTime(text));
      if (waiting.length + moving.length + active.length + reserved === 0) return held;
      if (performance.now() < deadline) continue;
      const said = [...complaints].slice(-20).join("\n");
      assert.fail(`the worker is stuck: ${inspect({ waiting, moving, active, reserved })}, and says\n${said}`);
    }
  }

  async function stillWorks(running: Worker): Promise<void> {
    const client = createClient({ broker, results });
    const id = await client.send(queue, succeeds, { args: ["still"] });
    const value = await client.result(id).wait(AbortSignal.timeout(patience));
    assert.equal(writeJson(value), writeJson([["still"], {}]));
    const replies = await createControl({ broker }).inspect.ping({ destination: [running.name], timeout: patience });
    assert.equal(writeJson(Object.values(replies)), '[{"ok":"pong"}]');
    await quiet(running);
  }

  async function checkGood(): Promise<void> {
    const begun = Map.groupBy(events.all("task:started"), ({ id }) => id);
    for (const { good, text } of salvo.shots) {
      if (good === undefined) continue;
      const task = decoded(textOf(text));
      if (!task && salvo.breeds) continue;
      const { args, kwargs } = task!;
      const meta = await results.get(good);
      assert.equal(
        begun.get(good)?.length,
        1,
        `the good message ${good} has not begun once, but ${begun.get(good)?.length} times`,
      );
      // What cannot follow a task makes it a failure.
      if (salvo.breeds && meta?.status === "FAILURE") continue;
      assert.equal(meta?.status, "SUCCESS", `the good message ${good}: ${inspect(meta)}`);
      assert.equal(writeJson(meta.result), writeJson([args, kwargs]));
    }
  }

  function checkRefused(letters: readonly string[]): void {
    for (const { text } of salvo.shots) {
      if (!decoded(textOf(text))) assert.ok(letters.includes(textOf(text)), `is not in the dead letters: ${text}`);
    }
  }

  async function checkOthers(letters: string[], scheduled: number): Promise<void> {
    const isAside = (text: string) => {
      const at = letters.indexOf(text);
      if (at >= 0) letters.splice(at, 1);
      return at >= 0;
    };
    let later = 0;
    for (const { text: bytes } of salvo.shots) {
      const text = textOf(bytes);
      const task = decoded(text);
      if (!task || (task.name !== succeeds && task.name !== fails)) {
        // What is no UTF-8 cannot be told apart by its text.
        if (typeof bytes === "string" || isUtf8(bytes)) assert.ok(isAside(text), `is not in the dead letters: ${text}`);
        continue;
      }
      if (isLater(task)) {
        later++;
        continue;
      }
      const state = (await results.get(task.id))?.status;
      assert.ok(task.ignoreResult || isReadyState(state ?? ""), `${state} is what became of ${text}`);
    }
    assert.equal(scheduled, later, "what waits for its time");
  }
}

function briefly(line: string): string {
  const { msg, err } = JSON.parse(line) as { msg: string; err?: { message: string } };
  return err ? `${msg}: ${err.message}` : msg;
}

function decoded(text: string): DecodedTask | undefined {
  try {
    return decodeTask(text, { accept: acceptAll });
  } catch {
    return undefined;
  }
}

function waitsForItsTime(text: string): boolean {
  const task = decoded(text);
  return task !== undefined && isLater(task);
}

function isLater({ eta, expires }: DecodedTask): boolean {
  return (eta?.getTime() ?? 0) > Date.now() && (expires?.getTime() ?? Infinity) > Date.now();
}

export function textOf(text: string | Uint8Array): string {
  return Buffer.from(text as Uint8Array).toString();
}

/** A good message without anything special. */
export function plainShot(): Shot {
  const id = randomUUID();
  return { text: writeEnvelope(encodeTask({ queue, name: succeeds, id })), priority: 0, good: id };
}
