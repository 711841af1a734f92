/**
 * A task that tells how far it has come, and a program that watches it. Run it: `node examples/progress.ts`
 *
 * prints:
 *   1 of 3
 *   2 of 3
 *   3 of 3
 *   SUCCESS: 3 plates are measured
 */
import { createWorker, defineApp, task } from "@ccatobs/celery";

const seen = { next: Promise.withResolvers<void>() };

const measure = task("measure", async ({ updateState, signal }, plates: number) => {
  for (let done = 1; done <= plates; done++) {
    signal.throwIfAborted();
    await updateState("PROGRESS", { done, of: plates });
    // A real task would measure here; this one waits until the watcher has looked.
    await seen.next.promise;
    seen.next = Promise.withResolvers();
  }
  return `${plates} plates are measured`;
});

const app = defineApp({ broker: "memory://", backend: "memory://", tasks: [measure] });
const { client, broker, results, close } = await app.connect();
const worker = createWorker({ broker, results, queues: ["plates"], tasks: app.tasks });
await worker.start();

const pending = client.result<string>(await client.send("plates", measure, { args: [3] }));
for (let last = 0; last < 3; ) {
  const meta = await pending.get();
  if (meta?.status === "PROGRESS") {
    const { done, of } = meta.result as { done: number; of: number };
    if (done > last) {
      process.stdout.write(`${done} of ${of}\n`);
      last = done;
      seen.next.resolve();
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
}
const value = await pending.wait(AbortSignal.timeout(10_000));
process.stdout.write(`${await pending.state()}: ${value}\n`);

await worker.stop();
await close();
