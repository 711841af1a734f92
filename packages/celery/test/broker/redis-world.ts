import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { type RedisBrokerOptions, redisBroker } from "../../src/broker/redis.ts";
import type { BrokerWorld } from "./broker.conformance.ts";

export interface RedisWorld extends BrokerWorld {
  server: TestRedis;
  /** A connection without any manners, to look at the server and to play a Python peer. */
  peer: Redis;
  open(options?: Partial<RedisBrokerOptions>): Promise<Broker>;
}

/** A server of its own for every test: tests flush it, stop it, and read what all its clients do. */
export async function startRedisWorld(
  scope: Scope,
  options: Parameters<typeof startRedis>[1] & { broker?: Partial<RedisBrokerOptions> } = {},
): Promise<RedisWorld> {
  const { broker: brokerOptions, ...serverOptions } = options;
  const server = await startRedis(scope, serverOptions);
  const connection = connectionOf(server);
  const peer = new Redis({
    ...connection,
    tls: server.tls && tlsFiles(server),
    db: brokerOptions?.db ?? 0,
    protocol: 2,
    retryStrategy: () => 50,
  });
  peer.on("error", () => {});
  scope.after(() => peer.disconnect());

  return {
    server,
    peer,
    async open(more) {
      const broker = redisBroker({ ...connection, ...brokerOptions, ...more });
      await broker.connect();
      scope.after(() => broker.close());
      return broker;
    },
    async endLease(tag) {
      const prefix = brokerOptions?.globalKeyPrefix ?? "";
      const [seconds, microseconds] = await peer.time();
      const past = (Number(seconds) - 1 + Number(microseconds) / 1e6).toFixed(6);
      await peer.zadd(`${prefix}unacked_index`, past, tag);
      await peer.zadd(`${prefix}cdt:leases`, past, tag);
    },
    async elapse(ms) {
      await new Promise((resolve) => setTimeout(resolve, ms));
    },
    now: () => Date.now(),
    async flush() {
      await peer.flushall();
    },
    async pushRaw(queue, raw) {
      await peer.lpush((brokerOptions?.globalKeyPrefix ?? "") + queue, raw);
    },
  };
}

export function connectionOf(server: TestRedis): RedisBrokerOptions {
  const tls = server.tls && { ca: server.tls.ca, cert: server.tls.cert, key: server.tls.key, serverName: "localhost" };
  return {
    host: server.host,
    port: server.port,
    ...(server.password && { password: server.password }),
    ...(tls && { tls }),
  };
}

function tlsFiles(server: TestRedis) {
  const { ca, cert, key } = server.tls!;
  return { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key), servername: "localhost" };
}
