import {
  type Broker,
  type DeadLetterEntry,
  encodeTask,
  MemoryBrokerHub,
  MemoryResultHub,
  memoryBroker,
  memoryResults,
  type ResultStore,
  type TaskToSend,
  writeEnvelope,
} from "@ccatobs/celery";
import type { Logger } from "pino";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { connectBroker } from "../../src/cli/connect-broker.ts";
import type { Settings } from "../../src/settings/settings.ts";

/** The broker of a world: in memory, or a real Redis that wants client certificates. */
export interface TestQueue {
  /** Connected; each call is one more connection to the same messages. Closed when the scope ends. */
  connect(): Promise<{ broker: Broker; results: ResultStore }>;
  /** Puts any text into a queue, at its end. */
  push(queue: string, raw: string): Promise<void>;
  /** Loses all that it remembers. */
  flush(): Promise<void>;
  /** A Redis ends, and comes again empty; in memory that is the same as being flushed. */
  restart(): Promise<void>;
  /** How often somebody has asked it for its epoch, as every sweep does. */
  readonly sweeps: number;
  /** Ids of all tasks that were published so far, each as often as it was. */
  readonly published: readonly string[];
}

/** Settings of a real Redis for a world, and itself. */
export async function redisForWorld(scope: Scope): Promise<{ redis: TestRedis; settings: Record<string, string> }> {
  const password = "the test's Redis";
  const redis = await startRedis(scope, { tls: { serverNames: ["db.example"] }, password });
  const { ca, cert, key } = redis.tls!;
  const names = {
    "broker.kind": "redis",
    "redis.host": redis.host,
    "redis.port": String(redis.port),
    "redis.tls": "true",
  };
  return {
    redis,
    settings: {
      ...names,
      ...{ "redis.server_name": "db.example", "redis.password": password },
      ...{ "redis.ca_file": ca, "redis.cert_file": cert, "redis.key_file": key },
    },
  };
}

export function queueOnRedis(scope: Scope, redis: TestRedis, settings: Settings, log: Logger): TestQueue {
  const noted: Noted = { published: [], sweeps: 0 };
  return {
    published: noted.published,
    get sweeps() {
      return noted.sweeps;
    },
    async connect() {
      const { broker, results, close } = await connectBroker(settings, log, new AbortController().signal);
      scope.after(close);
      return { broker: noting(broker, noted), results };
    },
    async push(queue, raw) {
      await redis.cli("LPUSH", queue, raw);
    },
    async flush() {
      await redis.cli("FLUSHALL");
    },
    restart: () => redis.restart("SIGKILL"),
  };
}

export function queueInMemory(scope: Scope, settings: Settings): TestQueue {
  const hub = new MemoryBrokerHub();
  const outcomes = new MemoryResultHub();
  const noted: Noted = { published: [], sweeps: 0 };
  return {
    published: noted.published,
    get sweeps() {
      return noted.sweeps;
    },
    async connect() {
      const broker = memoryBroker({ hub, lease: settings.broker.lease * 1000 });
      const results = memoryResults(outcomes);
      await broker.connect();
      await results.connect();
      scope.after(async () => {
        await broker.close();
        await results.close();
      });
      return { broker: noting(broker, noted), results };
    },
    async push(queue, raw) {
      hub.push(queue, raw, "tail");
    },
    async flush() {
      hub.flush();
    },
    async restart() {
      hub.flush();
    },
  };
}

interface Noted {
  published: string[];
  sweeps: number;
}

function noting(broker: Broker, noted: Noted): Broker {
  return {
    ...broker,
    async publish(queue, envelope) {
      noted.published.push(String(envelope.headers.id));
      await broker.publish(queue, envelope);
    },
    async epoch() {
      const epoch = await broker.epoch();
      noted.sweeps++;
      return epoch;
    },
  };
}

/** The text of a message, as a peer would send it. */
export function messageText(task: Partial<TaskToSend> = {}): string {
  return writeEnvelope(encodeTask({ queue: "any", name: "ccat_data_transfer.staging.stage", ...task }));
}

/** Why messages were put aside, in alphabetical order. */
export function reasonsOf(letters: readonly DeadLetterEntry[]): string[] {
  return letters.map(({ reason }) => reason).sort();
}
