/**
 * A worker in a process of its own, to be killed. Each run of its task `effect` adds two lines to a file, whole, at its
 * beginning and at its end: `began|ended <number> <pid> <Unix time in ms>`.
 *
 * argv: port, queue, lease in ms, file
 */
import { openSync, writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { createWorker, redisBroker, redisResults, task } from "../../src/index.ts";

const [port, queue, lease, file] = process.argv.slice(2) as [string, string, string, string];
const server = { host: "127.0.0.1", port: Number(port) };
const broker = redisBroker({ ...server, lease: Number(lease) });
const results = redisResults(server);
const effects = openSync(file, "a");
await connected();

const worker = createWorker({
  broker,
  results,
  queues: [queue],
  concurrency: 4,
  mingle: false,
  // Killed at random moments, the same message may be unlucky often.
  maxDeaths: 100,
  tasks: [
    task("effect", async (_context, number: number, ms: number) => {
      note("began", number);
      await pause(ms);
      note("ended", number);
      return number;
    }),
  ],
});
await worker.start();
process.stdout.write("ready\n");
process.once("SIGTERM", () => void worker.stop().then(() => process.exit(0)));

function note(what: string, number: number): void {
  writeSync(effects, `${what} ${number} ${process.pid} ${Date.now()}\n`);
}

/** Started while Redis is away it waits for it. */
async function connected(): Promise<void> {
  for (;;) {
    try {
      await Promise.all([broker.connect(), results.connect()]);
      return;
    } catch {
      await pause(100);
    }
  }
}
