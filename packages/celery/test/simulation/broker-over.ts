import { randomBytes } from "node:crypto";
import type { Broker } from "../../src/broker/broker.ts";
import type { FanoutInbox } from "../../src/broker/fanout-inbox.ts";
import { redisExchanges } from "../../src/broker/redis-exchanges.ts";
import { redisInspection } from "../../src/broker/redis-inspection.ts";
import { redisKeys } from "../../src/broker/redis-keys.ts";
import type { RedisSubscriber } from "../../src/broker/redis-subscriber.ts";
import { type Connection, linkOver } from "./connection.ts";

/** What a program needs of the broker that sends messages and looks after them: the real code, over a simulated connection. */
export function brokerOver(connection: Connection): Pick<Broker, "publish" | "holds" | "inspect" | "epoch" | "ping"> {
  const link = linkOver(connection);
  const keys = redisKeys();
  // Nothing is broadcast here, and nobody listens.
  const none = {} as RedisSubscriber & FanoutInbox;
  const { publish, exchangeOf } = redisExchanges(link, none, keys, {} as never, none);
  return {
    publish,
    ...redisInspection(link, keys, exchangeOf, { db: 0 }),
    epoch: () =>
      link.run(async (redis) => {
        await redis.set(keys.epoch, randomBytes(12).toString("base64url"), "NX");
        return (await redis.get(keys.epoch)) ?? "";
      }),
    async ping() {
      await link.run((redis) => redis.get(keys.epoch));
    },
  };
}
