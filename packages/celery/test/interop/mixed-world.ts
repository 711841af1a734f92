import { after, type TestContext } from "node:test";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import {
  type Broker,
  type Client,
  createClient,
  createWorker,
  type ResultStore,
  redisBroker,
  redisResults,
  type Task,
  type Worker,
  type WorkerOptions,
} from "../../src/index.ts";
import { type Recorded, recordEvents } from "../worker/recorded-events.ts";
import { type PythonConsole, startPythonConsole } from "./python-console.ts";

/** One Redis, spoken to in plain words or with mutual TLS, for both languages and for all tests of a file. */
export interface MixedWorld {
  redis: TestRedis;
  broker: Broker;
  results: ResultStore;
  client: Client;
  /** Python as a client. */
  python: PythonConsole;
  /** A queue of a test's own. */
  queue(): string;
  /** Our worker; it is stopped, if it still runs, when the test ends. */
  work(
    t: TestContext,
    queue: string,
    tasks: readonly Task[],
    options?: Partial<WorkerOptions>,
  ): Promise<Worker & { events: Recorded }>;
}

/** How Redis is spoken to. */
export const transports = [
  { transport: "plain", tls: false },
  { transport: "mutual TLS", tls: true },
] as const;

/** @param conf  more of Celery's settings for the Python client */
export async function startMixedWorld(
  options: { tls: boolean },
  conf: Readonly<Record<string, unknown>> = {},
): Promise<MixedWorld> {
  // What is stopped must find Redis alive: the last to come is the first to go.
  const endings: (() => void | Promise<void>)[] = [];
  after(async () => {
    for (const end of endings.reverse()) await end();
  });
  const scope = { after: (end: () => void | Promise<void>) => void endings.push(end) };
  const redis = await startRedis(scope, options);
  const { host, port, tls } = redis;
  const server = { host, port, ...(tls && { tls: { ca: tls.ca, cert: tls.cert, key: tls.key } }) };
  const [broker, results] = [redisBroker(server), redisResults(server)];
  await Promise.all([broker.connect(), results.connect()]);
  scope.after(async () => void (await Promise.all([broker.close(), results.close()])));
  const python = startPythonConsole(scope, redis, conf);
  let queues = 0;
  return {
    ...{ redis, broker, results, python },
    client: createClient({ broker, results }),
    queue: () => `queue-${++queues}`,
    async work(t, queue, tasks, more = {}) {
      const events = recordEvents(more.hooks);
      const worker = createWorker({
        ...{ broker, results, queues: [queue], defaultQueue: queue, tasks, concurrency: 4, trackStarted: true },
        ...{ accept: ["json", "msgpack", "yaml"], mingle: false, gossip: false, abortGrace: 1_000 },
        ...more,
        hooks: events.hooks,
      });
      t.after(() => worker.stop({ grace: 0 }));
      await worker.start();
      return Object.assign(worker, { events });
    },
  };
}
