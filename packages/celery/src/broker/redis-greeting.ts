import type { Redis } from "ioredis";
import { redisFault, translateRedisError } from "./redis-errors.ts";
import type { RedisServer } from "./redis-servers.ts";

/**
 * What is said on a new connection before anything else: who we are, which database, and whether the server at the other
 * end is one that can serve us. All of it is one round trip.
 *
 * @throws {RedisError} that says what is wrong
 */
export async function greet(redis: Redis, server: RedisServer, clientName: string | undefined): Promise<void> {
  const [login, info, database] = await Promise.allSettled([
    logIn(redis, server),
    redis.info(),
    server.db > 0 ? redis.select(server.db) : undefined,
    clientName === undefined ? undefined : redis.client("SETNAME", clientName),
  ]);
  const fail = (reason: unknown) => {
    throw translateRedisError(reason, server.where);
  };
  if (login.status === "rejected") fail(login.reason);
  // Who may not ask is told by the first command what this server cannot do.
  if (info.status === "fulfilled") judge(new Map(info.value.split("\r\n").map(field)), server.where);
  else if (!/^NOPERM/.test(info.reason.message)) fail(info.reason);
  if (database.status === "rejected") fail(database.reason);
}

async function logIn(redis: Redis, { username, password }: RedisServer): Promise<void> {
  if (username === undefined && password === undefined) return;
  try {
    await (username === undefined ? redis.auth(password ?? "") : redis.auth(username, password ?? ""));
  } catch (error) {
    // A server that needs no password lets us in all the same.
    if (!/without any password configured|no password is set/.test((error as Error).message)) throw error;
  }
}

function field(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1)];
}

/** Reads what INFO says of the server. Forks that leave a field out are believed to be able. */
function judge(info: ReadonlyMap<string, string>, where: string): void {
  if (info.get("cluster_enabled") === "1" || info.get("redis_mode") === "cluster") throw redisFault("cluster", where);
  if (info.get("redis_mode") === "sentinel") throw redisFault("refused", where, "it is a Sentinel, not a Redis");
  const version = info.get("redis_version") ?? "";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (version !== "" && (major < 6 || (major === 6 && minor < 2))) throw redisFault("version", where, version);
  if (info.get("loading") === "1") throw redisFault("not-ready", where, "it loads its data");
  if (info.get("role") === "slave") {
    const primary = `${info.get("master_host")}:${info.get("master_port")}`;
    throw redisFault("not-ready", where, `it is a replica of ${primary} and takes no writes`);
  }
}
