import { setTimeout as pause } from "node:timers/promises";
import { encodeTask, writeEnvelope } from "@ccatobs/celery";
import type { TestRedis } from "../../testing/redis.ts";
import { programScope } from "../scope.ts";
import { connectedTo } from "./connected-to.ts";
import { memoryOfTree, type Stack } from "./stack.ts";

export interface Throughput {
  tasksPerSecond: number;
  /** Proportional set size of all its processes after the work, in bytes. */
  memory: number;
}

/** The first tasks find code that has never run. */
const warmUp = 1_000;

/**
 * Seconds that a running worker needs for so many tasks that are all of a sudden there: from the moment at which a
 * prepared list is renamed to its queue until the queue is empty and everything is acknowledged.
 */
export async function measureThroughput(redis: TestRedis, stack: Stack, tasks: number): Promise<Throughput> {
  const scope = programScope();
  try {
    await redis.cli("FLUSHALL");
    const worker = await stack.start(scope, redis.url);
    const client = await connectedTo(scope, redis);
    await run(warmUp);
    const seconds = await run(tasks);
    return { tasksPerSecond: tasks / seconds, memory: memoryOfTree(worker.pid) };

    async function run(count: number): Promise<number> {
      for (let left = count; left > 0; left -= 500) {
        const texts = Array.from({ length: Math.min(left, 500) }, () =>
          writeEnvelope(encodeTask({ queue: "bench", name: "noop" })),
        );
        await client.lpush("prepared", ...texts);
      }
      const before = performance.now();
      await client.rename("prepared", "bench");
      for (;;) {
        const [waiting, held] = await Promise.all([client.llen("bench"), client.hlen("unacked")]);
        if (waiting === 0 && held === 0) return (performance.now() - before) / 1000;
        if (performance.now() - before > 120_000)
          throw new Error(`${stack.name}: ${waiting} tasks still wait after 120 s`);
        await pause(5);
      }
    }
  } finally {
    await scope.close();
  }
}
