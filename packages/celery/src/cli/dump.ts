import { getHeapStatistics } from "node:v8";
import type { Logger } from "pino";
import type { Worker } from "../worker/options.ts";

/**
 * Writes down what the worker is doing (Celery's SIGUSR1): each running task, what is held, and what keeps the event loop
 * alive. Where a running function stands cannot be told from outside it: JavaScript has one stack, and it is ours now.
 */
export function dumpWorker(worker: Worker, log: Logger): void {
  const { running, pool, ...facts } = worker.facts();
  for (const { id, name, ...more } of running) log.warn({ task: name, taskId: id, ...more }, "dump: runs");
  const { rss, heapUsed, external } = process.memoryUsage();
  const memory = { rss, heapUsed, external, heapLimit: getHeapStatistics().heap_size_limit };
  log.warn({ ...facts, pool, memory, waitsFor: tally(process.getActiveResourcesInfo()) }, "dump: the worker");
}

/** How many of each: `{ TCPSocketWrap: 3, Timeout: 12 }`. */
function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
