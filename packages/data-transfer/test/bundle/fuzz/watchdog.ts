import { Worker } from "node:worker_threads";
import type { Scope } from "../../../../../testing/scope.ts";

/**
 * Ends this process with a word about where it was when it has not been patted for a minute: a reader that never comes back
 * would otherwise hold the only thread that could notice.
 *
 * @returns to be called at every step
 */
export function startWatchdog(scope: Scope, seconds = 60): (where: string) => void {
  const shared = new SharedArrayBuffer(204);
  const text = new Uint8Array(shared, 4);
  const worker = new Worker(watch, { eval: true, workerData: { shared, seconds }, execArgv: [] });
  worker.unref();
  scope.after(async () => void (await worker.terminate()));
  return (where) => {
    new TextEncoder().encodeInto(where.padEnd(200), text);
    Atomics.add(new Int32Array(shared, 0, 1), 0, 1);
  };
}

// Without a timer of its own: a thread that waits needs no turn of any loop.
const watch = `
const { workerData: { shared, seconds } } = require("node:worker_threads");
const count = new Int32Array(shared, 0, 1);
for (;;) {
  const seen = Atomics.load(count, 0);
  if (Atomics.wait(count, 0, seen, seconds * 1000) === "timed-out" && Atomics.load(count, 0) === seen) {
    const where = Buffer.from(new Uint8Array(shared, 4)).toString().trim();
    require("node:fs").writeSync(2, "no progress for " + seconds + " s: " + where + "\\n");
    process.kill(process.pid, "SIGKILL");
  }
}
`;
