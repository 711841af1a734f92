/**
 * What a worker is doing, as a page for Kubernetes and Prometheus. Run it: `node examples/health-page.ts`
 *
 * prints:
 *   200 ready
 *   tasks_total{name="note",state="succeeded"} 2
 *   tasks_total{name="note",state="failed"} 1
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createWorker, defineApp, task } from "@ccatobs/celery";

const note = task("note", async (_, word: string) => {
  if (word === "bad") throw new Error("a bad word");
});

const counts = new Map<string, number>();
const count = (name: string, state: string) => {
  const series = `tasks_total{name="${name}",state="${state}"}`;
  counts.set(series, (counts.get(series) ?? 0) + 1);
};

const app = defineApp({ broker: "memory://", backend: "memory://", tasks: [note] });
const { client, broker, results, close } = await app.connect();
const worker = createWorker({
  ...{ broker, results, queues: ["celery"], tasks: app.tasks },
  hooks: {
    "task:succeeded": ({ name }) => count(name, "succeeded"),
    "task:failed": ({ name }) => count(name, "failed"),
  },
});

const pages = createServer(({ url }, response) => {
  const { brokerConnected, consuming, secondsSinceLastPoll = 0 } = worker.facts();
  const ready = brokerConnected && consuming && secondsSinceLastPoll < 30;
  if (url === "/readyz") response.writeHead(ready ? 200 : 503).end(ready ? "ready" : "not ready");
  else response.end([...counts].map(([series, value]) => `${series} ${value}\n`).join(""));
}).listen(0, "127.0.0.1");
await once(pages, "listening");
const { port } = pages.address() as AddressInfo;

await worker.start();
for (const word of ["good", "better", "bad"]) {
  const id = await client.send("celery", note, { args: [word] });
  await client
    .result(id)
    .wait(AbortSignal.timeout(10_000))
    .catch(() => {});
}
const page = await fetch(`http://127.0.0.1:${port}/readyz`);
process.stdout.write(`${page.status} ${await page.text()}\n`);
// Hooks are called when a task has ended; the last of them perhaps a moment after its result could be read.
await worker.stop();
process.stdout.write(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());

await close();
pages.close();
