/** BullMQ's worker for the same task: four at once in one process. */
import { Worker } from "bullmq";

const { hostname, port } = new URL(process.env.BENCH_URL!);
const worker = new Worker("bench", async () => null, {
  connection: { host: hostname, port: Number(port) },
  concurrency: 4,
});
await worker.waitUntilReady();
process.stderr.write("ready\n");
process.once("SIGTERM", () => void worker.close().then(() => process.exit(0)));
