import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createClient, redisBroker, redisResults } from "@ccatobs/celery";
import type { TestRedis } from "../../testing/redis.ts";
import { median } from "../figure.ts";
import { programScope } from "../scope.ts";
import { folder, python, type Stack } from "./stack.ts";

const run = promisify(execFile);
/** The first ones find code that has never run. */
const warmUp = 50;

export interface RoundTrips {
  /** Medians in ms, by who asked. */
  python: number;
  ours: number;
}

/** One task after the other, each awaited, by a client of either language. */
export async function measureRoundTrips(redis: TestRedis, stack: Stack, tasks: number): Promise<RoundTrips> {
  const scope = programScope();
  try {
    await redis.cli("FLUSHALL");
    await stack.start(scope, redis.url);
    return { ours: await askFromNode(redis, tasks), python: await askFromPython(redis, tasks) };
  } finally {
    await scope.close();
  }
}

async function askFromPython(redis: TestRedis, tasks: number): Promise<number> {
  const env = { ...process.env, BENCH_URL: redis.url, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" };
  const { stdout } = await run(python, [`${folder}python_round_trip.py`, String(tasks + warmUp)], { env });
  return median((JSON.parse(stdout) as number[]).slice(warmUp));
}

async function askFromNode(redis: TestRedis, tasks: number): Promise<number> {
  const server = { host: redis.host, port: redis.port };
  const [broker, results] = [redisBroker(server), redisResults(server)];
  await Promise.all([broker.connect(), results.connect()]);
  try {
    const client = createClient({ broker, results });
    const times: number[] = [];
    for (let number = 0; number < tasks + warmUp; number++) {
      const before = performance.now();
      const id = await client.send("bench", "noop");
      await client.result(id).wait(AbortSignal.timeout(60_000));
      times.push(performance.now() - before);
    }
    return median(times.slice(warmUp));
  } finally {
    await Promise.all([broker.close(), results.close()]);
  }
}
