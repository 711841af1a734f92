import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import type { TestRedis } from "../../../../testing/redis.ts";
import type { Broker } from "../../src/index.ts";
import { encodeTask } from "../../src/message/encode-task.ts";
import { type PythonLog, type PythonWorker, startPythonWorker } from "./python-peer.ts";

/**
 * Has a fresh Python worker look for messages to restore: it does so when it begins to consume. A decoy, an entry as a
 * Python worker that died 100 s ago would have left it, proves that it has looked: when the decoy is back in its
 * queue, whatever else was due for restoring is, too.
 *
 * @param visibility  the worker's visibility_timeout in seconds; below 100
 * @returns the worker, which goes on consuming
 */
export async function scanFromPython(
  t: TestContext,
  redis: TestRedis,
  options: { queue: string; log: PythonLog; visibility: number },
): Promise<PythonWorker> {
  const decoyQueue = `decoy-${randomUUID()}`;
  const decoy = encodeTask({ queue: decoyQueue, name: "decoy" });
  const tag = decoy.properties.delivery_tag;
  await redis.cli("HSET", "unacked", tag, JSON.stringify([decoy, "", decoyQueue]));
  await redis.cli("ZADD", "unacked_index", String(Date.now() / 1000 - 100), tag);
  const worker = await startPythonWorker(t, redis, options);
  await until(`${decoyQueue} has its message again`, async () => (await redis.cli("LLEN", decoyQueue)) === "1");
  return worker;
}

/**
 * Waits until Python has acknowledged what it ran, which it does some time after the result can be read. A Python worker
 * that is stopped in between gives the message back, and it runs again.
 */
export async function untilAcknowledged(broker: Broker, queue: string): Promise<void> {
  await until(`nothing of ${queue} is unacknowledged`, async () => (await broker.inspect(queue)).unacked.count === 0);
}

/** Asks until it is so, for at most 60 s. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await isSo()); ) {
    if (Date.now() > deadline) throw new Error(`not within 60 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
