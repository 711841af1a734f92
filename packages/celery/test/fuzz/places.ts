import { Redis } from "ioredis";
import { startRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { redisKeys } from "../../src/broker/redis-keys.ts";
import {
  type Broker,
  MemoryBrokerHub,
  memoryBroker,
  memoryResults,
  type ResultStore,
  redisBroker,
  redisResults,
} from "../../src/index.ts";
import type { Shot, Shout } from "./ammunition.ts";

/** Where a worker can be shot at. */
export interface Place {
  /** Empty, whatever was there before. */
  open(): Promise<Site>;
}

/** Broker and results, connected; and what lies there, past all manners. */
export interface Site {
  broker: Broker;
  results: ResultStore;
  put(queue: string, shots: readonly Shot[]): Promise<void>;
  shout(shout: Shout): Promise<void>;
  /** Texts in the queue's lists. */
  waiting(queue: string): Promise<string[]>;
  /** Texts of what is unacknowledged, parked ones among them. */
  held(): Promise<string[]>;
  close(): Promise<void>;
}

export function memoryPlace(): Place {
  return {
    async open() {
      const hub = new MemoryBrokerHub();
      const [broker, results] = [memoryBroker({ hub }), memoryResults()];
      await Promise.all([broker.connect(), results.connect()]);
      return {
        ...{ broker, results },
        async put(queue, shots) {
          for (const { text } of shots) hub.push(queue, Buffer.from(text as Uint8Array).toString(), "tail");
        },
        async shout({ exchange, routingKey, text }) {
          hub.broadcast(exchange, routingKey, text);
        },
        // It shows how many wait, and that is enough.
        waiting: async (queue) => Array<string>(hub.inspect(queue).waiting).fill("?"),
        held: async () => [...hub.unacked.values()].map(({ raw }) => raw),
        close: async () => void (await Promise.all([broker.close(), results.close()])),
      };
    },
  };
}

/** One server for all that is fired; flushed in between. */
export async function redisPlace(scope: Scope): Promise<Place> {
  const server = await startRedis(scope);
  const where = { host: server.host, port: server.port };
  const peer = new Redis(where);
  peer.on("error", () => {});
  scope.after(() => peer.disconnect());
  const keys = redisKeys();

  return {
    async open() {
      await peer.flushall();
      const [broker, results] = [redisBroker({ ...where, lease: 10_000 }), redisResults(where)];
      await Promise.all([broker.connect(), results.connect()]);
      return {
        ...{ broker, results },
        async put(queue, shots) {
          const pipeline = peer.pipeline();
          for (const { text, priority } of shots) {
            pipeline.lpush(keys.list(queue, priority), Buffer.from(text as Uint8Array));
          }
          await pipeline.exec();
        },
        async shout({ exchange, routingKey, text }) {
          await peer.publish(keys.channel(exchange, routingKey), text);
        },
        async waiting(queue) {
          const lists = await Promise.all(keys.lists(queue).map((list) => peer.lrange(list, 0, -1)));
          return lists.flat();
        },
        async held() {
          const entries = await peer.hvals(keys.unacked);
          return entries.map((entry) => JSON.stringify((JSON.parse(entry) as unknown[])[0]));
        },
        close: async () => void (await Promise.all([broker.close(), results.close()])),
      };
    },
  };
}
