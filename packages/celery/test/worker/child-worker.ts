/**
 * A worker in a process of its own, for tests that freeze or kill it. Says what happens as JSON lines on stdout; each of its
 * tasks named `held` runs until a line `finish` comes in.
 *
 * argv: port, queue, lease in ms
 */
import { createInterface } from "node:readline";
import { createWorker, redisBroker, redisResults } from "../../src/index.ts";

const [port, queue, lease] = process.argv.slice(2) as [string, string, string];
const server = { host: "127.0.0.1", port: Number(port) };
const broker = redisBroker({ ...server, lease: Number(lease) });
const results = redisResults(server);
await broker.connect();
await results.connect();

const finish = Promise.withResolvers<void>();
const tags: string[] = [];
const pop = broker.pop.bind(broker);
broker.pop = async (...asked) => {
  const deliveries = await pop(...asked);
  tags.push(...deliveries.map(({ tag }) => tag));
  return deliveries;
};

const worker = createWorker({
  broker,
  results,
  queues: [queue],
  prefetchMultiplier: 1,
  mingle: false,
  tasks: [
    {
      name: "held",
      async run({ request }) {
        say({ event: "running", id: request.id, tag: tags.at(-1), redelivered: request.redelivered });
        await finish.promise;
        return "ours";
      },
    },
  ],
  hooks: {
    "lease:lost": ({ how }) => say({ event: "lease:lost", how }),
    "task:duplicate": ({ id }) => say({ event: "task:duplicate", id }),
    "task:succeeded": ({ id }) => say({ event: "task:succeeded", id }),
  },
});
await worker.start();
say({ event: "ready" });

for await (const line of createInterface({ input: process.stdin })) {
  const [command, tag] = line.split(" ");
  if (command === "renew") say({ event: "renewed", answer: (await broker.renew([tag!])).get(tag!) });
  if (command === "finish") finish.resolve();
}
await worker.stop();
await broker.close();
await results.close();

function say(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
