import { Redis } from "ioredis";
import type { TestRedis } from "../../testing/redis.ts";
import type { Scope } from "../../testing/scope.ts";

/** A plain connection for the measurement itself. */
export async function connectedTo(scope: Scope, redis: TestRedis): Promise<Redis> {
  const client = new Redis({ host: redis.host, port: redis.port, lazyConnect: true });
  await client.connect();
  scope.after(() => client.disconnect());
  return client;
}
