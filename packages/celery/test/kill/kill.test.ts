import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { createClient, redisBroker, redisResults } from "../../src/index.ts";

const skip = without("redis-server");
const queue = "effects";
const lease = 2_000;
const tasks = 800;
const workers = 3;
const script = fileURLToPath(new URL("effect-worker.ts", import.meta.url));

test("800 tasks, workers killed with -9 at random moments, Redis killed twice: each has its effect, and every second run is explained", {
  skip,
  timeout: 600_000,
}, async (t) => {
  const redis = await startRedis(t, { appendonly: true });
  const file = join(await temporaryDirectory(t), "effects");
  writeFileSync(file, "");
  const crew = startCrew(t, redis, file);
  const ids = await sendAll(redis);

  let restarts: { from: number; to: number }[] = [];
  const chaos = (async () => {
    while (ended(file).size < tasks * 0.9) {
      await pause(300 + Math.random() * 500);
      crew.killOne();
      const done = ended(file).size;
      if (restarts.length < 2 && done > (restarts.length + 1) * 0.3 * tasks) {
        const from = Date.now();
        await redis.restart("SIGKILL");
        restarts = [...restarts, { from, to: Date.now() }];
      }
    }
  })();
  await chaos;
  crew.spare();

  const server = { host: redis.host, port: redis.port };
  const results = redisResults(server);
  const broker = redisBroker({ ...server, lease });
  await Promise.all([results.connect(), broker.connect()]);
  t.after(() => Promise.all([results.close(), broker.close()]));
  for (const [number, id] of ids.entries()) {
    const { status, result } = await results.waitFor(id, AbortSignal.timeout(120_000));
    assert.deepEqual([status, result], ["SUCCESS", number]);
  }
  await crew.stop();

  const runs = readRuns(file);
  const lost = ids.map((_, number) => number).filter((number) => !runs.get(number)?.some((run) => run.ended));
  assert.deepEqual(lost, [], "tasks without their effect");
  assert.deepEqual(await redis.cli("LLEN", queue), "0");
  assert.deepEqual(
    [
      await redis.cli("HLEN", "unacked"),
      await redis.cli("ZCARD", "unacked_index"),
      await redis.cli("ZCARD", "cdt:leases"),
    ],
    ["0", "0", "0"],
  );
  assert.deepEqual(await broker.deadLetters(), []);

  const again = [...runs].flatMap(([number, all]) => all.slice(0, -1).map((run) => ({ number, ...run })));
  const unexplained = again.filter(({ pid, began, number }) => {
    const next = runs.get(number)!.find((run) => run.began > began)?.began ?? 0;
    const killed = crew.killedAt(pid);
    const diedHoldingIt = killed !== undefined && killed >= began && killed <= next;
    // What was not yet synced, or acknowledged over a connection that broke, is delivered again.
    const redisWasAway = restarts.some(({ from, to }) => from <= next && to >= began - lease);
    return !diedHoldingIt && !redisWasAway;
  });
  t.diagnostic(
    `${crew.kills} workers killed, Redis ${restarts.length} times; ${again.length} of ${tasks} tasks ran a second time, ` +
      `${again.length - unexplained.length} of them for a kill or a restart`,
  );
  assert.deepEqual(unexplained, []);
  assert.ok(crew.kills >= 10 && restarts.length === 2, `only ${crew.kills} kills and ${restarts.length} restarts`);
});

async function sendAll(redis: TestRedis): Promise<string[]> {
  const server = { host: redis.host, port: redis.port };
  const broker = redisBroker(server);
  const results = redisResults(server);
  await broker.connect();
  const client = createClient({ broker, results });
  const ids: string[] = [];
  for (let number = 0; number < tasks; number++) {
    ids.push(await client.send(queue, "effect", { args: [number, 5 + Math.floor(Math.random() * 150)] }));
  }
  await broker.close();
  await results.close();
  return ids;
}

interface Crew {
  readonly kills: number;
  /** Kills a random worker; another one takes its place. */
  killOne(): void;
  /** Unix time in ms. */
  killedAt(pid: number): number | undefined;
  /** Nobody is killed any more. */
  spare(): void;
  stop(): Promise<void>;
}

function startCrew(t: TestContext, redis: TestRedis, file: string): Crew {
  const living = new Set<ChildProcess>();
  const killed = new Map<number, number>();
  let wanted = true;

  function hire(): void {
    const child = spawn(process.execPath, [script, String(redis.port), queue, String(lease), file], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    living.add(child);
    child.once("exit", () => {
      living.delete(child);
      if (wanted) hire();
    });
  }

  for (let n = 0; n < workers; n++) hire();
  t.after(() => {
    wanted = false;
    for (const child of living) child.kill("SIGKILL");
  });
  return {
    get kills() {
      return killed.size;
    },
    killOne() {
      const all = [...living].filter(({ pid }) => pid !== undefined && hasBegun(file, pid) && !killed.has(pid));
      const victim = all[Math.floor(Math.random() * all.length)];
      if (!victim) return;
      victim.kill("SIGKILL");
      killed.set(victim.pid!, Date.now());
    },
    killedAt: (pid) => killed.get(pid),
    spare() {
      wanted = false;
    },
    async stop() {
      const exits = [...living].map((child) => new Promise((resolve) => child.once("exit", resolve)));
      for (const child of living) child.kill("SIGTERM");
      await Promise.all(exits);
    },
  };
}

interface Run {
  pid: number;
  began: number;
  ended: boolean;
}

function readRuns(file: string): Map<number, Run[]> {
  const runs = new Map<number, Run[]>();
  for (const [what, number, pid, at] of lines(file)) {
    const all = runs.get(Number(number)) ?? [];
    runs.set(Number(number), all);
    if (what === "began") all.push({ pid: Number(pid), began: Number(at), ended: false });
    else all.findLast((run) => run.pid === Number(pid))!.ended = true;
  }
  return runs;
}

function ended(file: string): Set<string> {
  return new Set(lines(file).flatMap(([what, number]) => (what === "ended" ? [number!] : [])));
}

function hasBegun(file: string, pid: number): boolean {
  return lines(file).some(([, , other]) => Number(other) === pid);
}

function lines(file: string): string[][] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(" "));
}
