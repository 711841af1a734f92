import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { without } from "../../../../testing/require-server.ts";
import { type Pool, processPool } from "../../src/index.ts";
import { goodMessages, queueTexts } from "../message/arbitrary-messages.ts";
import { fuzzing } from "../message/fuzzing.ts";
import type { Shot } from "./ammunition.ts";
import { fails, succeeds } from "./app.ts";
import { embeddedCanvas } from "./arbitrary-embeds.ts";
import { shouts } from "./arbitrary-requests.ts";
import { fire, queue, type Salvo } from "./fire.ts";
import { memoryPlace, type Place, redisPlace } from "./places.ts";

/** What once went wrong. A salvo that fails is written there, to be committed with the remedy. */
const regressions = new URL("regressions/", import.meta.url);
const skip = without("redis-server");
const processes = () => processPool({ app: new URL("app.ts", import.meta.url), concurrency: 2 });

const task = { name: succeeds, queue };
const priority = fc.integer({ min: 0, max: 9 });
const good = fc
  .record({ message: goodMessages({ ...task, id: fc.uuid().map((id) => `good-${id}`) }), priority })
  .map(({ message, ...rest }): Shot => ({ text: message.raw, good: message.id, ...rest }));
const bytes = fc.uint8Array({ maxLength: 60 });
const other: fc.Arbitrary<Shot> = fc.record({
  text: fc.oneof({ weight: 30, arbitrary: queueTexts(task) }, { weight: 1, arbitrary: bytes }),
  priority,
});

const mixture: fc.Arbitrary<Salvo> = fc.record({
  shots: distinct(fc.oneof({ weight: 1, arbitrary: good }, { weight: 3, arbitrary: other }), 60),
});
const underShouts: fc.Arbitrary<Salvo> = fc.record({
  shots: distinct(good, 10),
  shouts: fc.array(shouts(), { minLength: 1, maxLength: 60, size: "max" }),
});
const canvas: fc.Arbitrary<Salvo> = fc.record({
  shots: distinct(embeddedCanvas({ succeeds, fails, queue }), 20),
  breeds: fc.constant(true),
});

const stories: [
  what: string,
  salvos: fc.Arbitrary<Salvo>,
  runs: { memory: number; redis: number; processes: number },
][] = [
  ["whatever lies in its queues", mixture, { memory: 25, redis: 25, processes: 3 }],
  ["whatever is shouted at all workers", underShouts, { memory: 20, redis: 20, processes: 0 }],
  ["whatever shall follow a task", canvas, { memory: 15, redis: 15, processes: 3 }],
];

for (const [what, salvos, runs] of stories) {
  test(`${what}, a worker does the good messages once and goes on`, async (t) => {
    await holds(t, runs.memory, salvos, memoryPlace());
  });
  test(`${what}, a worker on Redis does the good messages once and goes on`, { skip }, async (t) => {
    await holds(t, runs.redis, salvos, await redisPlace(t));
  });
  if (runs.processes === 0) continue;
  test(`${what}, a worker with processes does the good messages once and goes on`, { skip }, async (t) => {
    await holds(t, runs.processes, salvos, await redisPlace(t), processes);
  });
}

for (const name of readdirSync(regressions).filter((file) => file.endsWith(".json"))) {
  test(`regression ${name}: a worker does the good messages once and goes on`, { skip }, async (t) => {
    const salvo = readSalvo(readFileSync(new URL(name, regressions), "utf8"));
    await fire(memoryPlace(), salvo);
    await fire(await redisPlace(t), salvo);
  });
}

/** Ids tell the good ones apart. */
function distinct(shots: fc.Arbitrary<Shot>, most: number): fc.Arbitrary<Shot[]> {
  return fc.uniqueArray(shots, {
    selector: (shot) => shot.good ?? shot,
    minLength: 1,
    maxLength: most,
    size: "max",
  });
}

/** Fails with the smallest salvo that `fire` does not bear, as far as it is found in two minutes, and keeps it. */
async function holds(
  t: TestContext,
  numRuns: number,
  salvos: fc.Arbitrary<Salvo>,
  place: Place,
  pool?: () => Pool,
): Promise<void> {
  // While a smaller one is looked for, few seconds must do.
  let patience = 30_000;
  const property = fc.asyncProperty(salvos, async (salvo) => {
    try {
      await fire(place, salvo, { pool, patience });
    } catch (error) {
      patience = 3_000;
      throw error;
    }
  });
  const outcome = await fc.check(property, { ...fuzzing(t, numRuns), interruptAfterTimeLimit: 120_000 });
  if (!outcome.failed || !outcome.counterexample) return;
  const text = writeSalvo(outcome.counterexample[0]);
  const name = createHash("sha256").update(text).digest("hex").slice(0, 12);
  writeFileSync(new URL(`${name}.json`, regressions), text);
  throw new Error(`${fileURLToPath(regressions)}${name}.json is not borne (seed ${outcome.seed})`, {
    cause: outcome.errorInstance,
  });
}

function writeSalvo({ shots, ...rest }: Salvo): string {
  const written = shots.map(({ text, ...shot }) =>
    typeof text === "string" ? { text, ...shot } : { base64: Buffer.from(text).toString("base64"), ...shot },
  );
  return `${JSON.stringify({ ...rest, shots: written }, undefined, 2)}\n`;
}

function readSalvo(text: string): Salvo {
  const { shots, ...rest } = JSON.parse(text) as { shots: (Shot & { base64?: string })[] };
  return {
    ...rest,
    shots: shots.map(({ base64, ...shot }) =>
      base64 === undefined ? shot : { ...shot, text: Buffer.from(base64, "base64") },
    ),
  };
}
