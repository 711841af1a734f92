import { Queue } from "bullmq";
import type { TestRedis } from "../../testing/redis.ts";
import { programScope } from "../scope.ts";
import { bullmq, memoryOfTree } from "./stack.ts";
import type { Throughput } from "./throughput.ts";

const warmUp = 1_000;

/** The same for BullMQ, by its own means: jobs are added to a paused queue, which is resumed. */
export async function measureBullmq(redis: TestRedis, tasks: number): Promise<Throughput> {
  const scope = programScope();
  try {
    await redis.cli("FLUSHALL");
    const queue = new Queue("bench", { connection: { host: redis.host, port: redis.port } });
    scope.after(() => queue.close());
    const worker = await bullmq.start(scope, redis.url);
    let ended = 0;
    await run(warmUp);
    const seconds = await run(tasks);
    return { tasksPerSecond: tasks / seconds, memory: memoryOfTree(worker.pid) };

    async function run(count: number): Promise<number> {
      await queue.pause();
      await queue.addBulk(Array.from({ length: count }, () => ({ name: "noop", data: {} })));
      ended += count;
      const before = performance.now();
      await queue.resume();
      while ((await queue.getCompletedCount()) < ended) {
        if (performance.now() - before > 120_000) throw new Error("BullMQ: jobs still wait after 120 s");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return (performance.now() - before) / 1000;
    }
  } finally {
    await scope.close();
  }
}
