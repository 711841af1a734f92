import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from "node:tls";
import { Redis } from "ioredis";
import { type RedisError, translateRedisError } from "./redis-errors.ts";
import type { RedisConnectionOptions } from "./redis-options.ts";
import type { RedisTlsOptions } from "./redis-tls.ts";

export type { RedisConnectionOptions, RedisEndpoint } from "./redis-options.ts";
export type { RedisTlsOptions } from "./redis-tls.ts";

/** One connection that mends itself. */
export interface RedisLink {
  /**
   * Tries once (or waits for the attempt that is under way). After it has succeeded, the link
   * reconnects by itself within about a second of the server's return.
   *
   * @throws {RedisError} that says what is wrong; may be called again
   * @throws the signal's reason
   */
  connect(signal?: AbortSignal): Promise<void>;
  /** Runs commands. While not connected, and when the connection breaks, it rejects at once; nothing is ever sent twice. */
  run<T>(work: (redis: Redis) => Promise<T>): Promise<T>;
  /** Called after every (re)connect, with the client of this one connection: listeners on it are gone with it. */
  onReady(listener: (redis: Redis) => void): void;
  /** Called when a connection that was ready has ended. */
  onLost(listener: (error: RedisError | undefined) => void): void;
  /** Called with channel and text of every message that was published to a subscription. */
  onMessage(listener: (channel: string, message: string) => void): void;
  /** Ends the connection at once. */
  close(): void;
}

/**
 * Makes a link, not yet connected.
 *
 * @param silence  time for an answer in ms, where it differs from `answerTimeout` (blocking commands)
 * @throws {RedisError} CDT-REDIS-TLS-FILES when a PEM file cannot be read
 */
export function redisLink(options: RedisConnectionOptions, silence?: number): RedisLink {
  const where = `${options.host}:${options.port ?? 6379}`;
  const redis = newClient(options, where, silence, () => mendsItself);
  /** Why the connection is down: the commands' own errors say only that it is. */
  let reason: RedisError | undefined;
  /** From the first success until it is closed. */
  let mendsItself = false;
  let isUp = false;

  redis.on("error", (error) => {
    reason = translateRedisError(error, where);
  });
  redis.on("ready", () => {
    reason = undefined;
    mendsItself = true;
    isUp = true;
  });

  return {
    async connect(signal) {
      signal?.throwIfAborted();
      const abort = () => redis.disconnect();
      if (!mendsItself) signal?.addEventListener("abort", abort, { once: true });
      try {
        await (mendsItself ? nextAttempt(redis, signal) : redis.connect());
      } catch (error) {
        signal?.throwIfAborted();
        const found = reason ?? translateRedisError(error, where);
        throw found.fault === "unreachable" && options.tls ? ((await hearVerdict(options, where)) ?? found) : found;
      } finally {
        signal?.removeEventListener("abort", abort);
      }
    },
    async run(work) {
      try {
        return await work(redis);
      } catch (error) {
        throw isReply(error) ? translateRedisError(error, where) : (reason ?? translateRedisError(error, where));
      }
    },
    onReady(listener) {
      redis.on("ready", () => listener(redis));
    },
    onLost(listener) {
      redis.on("close", () => {
        if (isUp) listener(reason);
        isUp = false;
      });
    },
    onMessage(listener) {
      redis.on("message", listener);
    },
    close() {
      mendsItself = false;
      redis.disconnect();
    },
  };
}

/** Longest that we listen for what a server says after a handshake, in ms. */
const verdictWithin = 1000;

/**
 * A server that does not accept our certificate says so when the handshake is over for us, and hangs up. If we were
 * writing at that moment, the reset that we get may overtake its words: who writes nothing hears them.
 *
 * @returns undefined when it says nothing
 */
async function hearVerdict(options: RedisConnectionOptions, where: string): Promise<RedisError | undefined> {
  const { host = "localhost", port = 6379, tls = {} } = options;
  const timeout = Math.min(verdictWithin, options.connectTimeout ?? verdictWithin);
  const socket = connectTls({ host, port, ...tlsOptions(host, tls, where) });
  const said = await new Promise<Error | undefined>((resolve) => {
    socket.once("error", resolve);
    socket.once("close", () => resolve(undefined));
    setTimeout(() => resolve(undefined), timeout).unref();
    socket.resume();
  });
  socket.destroy();
  const verdict = said && translateRedisError(said, where);
  return verdict?.fault === "unreachable" ? undefined : verdict;
}

/** The outcome of the attempt that the client makes by itself. */
async function nextAttempt(redis: Redis, signal: AbortSignal | undefined): Promise<void> {
  if (redis.status === "ready") return;
  await new Promise<void>((resolve, reject) => {
    const end = (error?: Error) => {
      redis.off("ready", succeeded);
      redis.off("close", failed);
      signal?.removeEventListener("abort", failed);
      if (error) reject(error);
      else resolve();
    };
    const succeeded = () => end();
    const failed = () => end(new Error("the connection was closed"));
    redis.on("ready", succeeded);
    redis.on("close", failed);
    signal?.addEventListener("abort", failed);
  });
}

function newClient(
  options: RedisConnectionOptions,
  where: string,
  silence: number | undefined,
  mendsItself: () => boolean,
): Redis {
  const delay = (attempt: number) => Math.min(1000, 25 * 2 ** Math.min(attempt, 6)) * (0.75 + Math.random() / 4);
  return new Redis({
    host: options.host,
    port: options.port ?? 6379,
    db: options.db ?? 0,
    username: options.username,
    password: options.password,
    connectionName: options.clientName,
    tls: options.tls && tlsOptions(options.host ?? "localhost", options.tls, where),
    connectTimeout: options.connectTimeout ?? 10_000,
    // Runs from a command that is sent to the next byte that comes back.
    socketTimeout: silence ?? options.answerTimeout ?? 10_000,
    keepAlive: 15_000,
    protocol: 2,
    disableClientInfo: true,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => (mendsItself() ? delay(attempt) : null),
  });
}

function tlsOptions(host: string, tls: RedisTlsOptions, where: string): ConnectionOptions {
  const serverName = tls.serverName ?? host;
  try {
    return {
      ca: pem(tls.ca),
      cert: pem(tls.cert),
      key: pem(tls.key),
      minVersion: "TLSv1.2",
      // An address cannot be an SNI; an empty name sends none.
      servername: isIP(serverName) ? "" : serverName,
      checkServerIdentity: (_host, certificate) =>
        tls.checkHostName === false ? undefined : checkServerIdentity(serverName, certificate),
    };
  } catch (error) {
    throw translateRedisError(error, where);
  }
}

function pem(textOrPath: string | undefined): string | undefined {
  if (textOrPath === undefined || textOrPath.includes("-----BEGIN")) return textOrPath;
  return readFileSync(textOrPath, "utf8");
}

function isReply(error: unknown): boolean {
  return (error as Error).name === "ReplyError";
}
