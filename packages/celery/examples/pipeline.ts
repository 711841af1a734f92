/**
 * Many tasks side by side, one that puts their results together, and one that is told when something of it fails.
 * Run it: `node examples/pipeline.ts`
 *
 * prints:
 *   the sum of the sizes is 29
 *   told that a task has failed
 *   ChordError
 */
import { chord, createWorker, defineApp, signature, TaskFailed, task } from "@ccatobs/celery";

const size = task("size", async (_, name: string) => {
  if (name === "missing") throw new RangeError(`there is no ${name}`);
  return name.length;
});
const total = task("total", async (_, sizes: number[]) => sizes.reduce((sum, one) => sum + one, 0));
const told = Promise.withResolvers<void>();
const alarm = task("alarm", async () => {
  process.stdout.write("told that a task has failed\n");
  told.resolve();
});

const app = defineApp({ broker: "memory://", backend: "memory://", tasks: [size, total, alarm] });
const { client, broker, results, close } = await app.connect();
const worker = createWorker({ broker, results, queues: ["celery"], tasks: app.tasks, concurrency: 4 });
await worker.start();

const names = ["m31", "horsehead", "crab nebula", "pleiad"];
const whole = await client.apply(
  chord(
    names.map((name) => signature(size, [name])),
    signature(total),
  ),
);
process.stdout.write(`the sum of the sizes is ${await whole.wait(AbortSignal.timeout(10_000))}\n`);

const members = ["m31", "missing"].map((name) => signature(size, [name]));
const broken = await client.apply(chord(members, signature(total).linkError(signature(alarm))));
const error: unknown = await broken.wait(AbortSignal.timeout(10_000)).catch((reason) => reason);
await told.promise;
if (error instanceof TaskFailed) process.stdout.write(`${error.remote.exc_type}\n`);

await worker.stop();
await close();
