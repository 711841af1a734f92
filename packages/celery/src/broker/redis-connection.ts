import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";
import { type CertificateUse, useCertificates } from "./certificate-files.ts";
import { type RedisError, type RedisFault, redisFault, translateRedisError } from "./redis-errors.ts";
import type { RedisConnectionOptions } from "./redis-options.ts";
import { type RedisServer, readOptions } from "./redis-servers.ts";
import { openSession, type RedisSession } from "./redis-session.ts";
import { unlessAborted } from "./unless-aborted.ts";

export type { RedisConnectionOptions, RedisEndpoint } from "./redis-options.ts";
export type { RedisTlsOptions } from "./redis-tls.ts";

/** One connection that mends itself. */
export interface RedisLink {
  /**
   * Tries each server once (or waits for the attempt that is under way). After it has succeeded, the link reconnects by
   * itself: within 4 s of the server's return, however long it was away, mostly within one.
   *
   * @throws {RedisError} that says what is wrong; may be called again
   * @throws the signal's reason
   */
  connect(signal?: AbortSignal): Promise<void>;
  /**
   * Runs commands. While not connected, and when the connection breaks, it rejects at once; nothing is ever sent twice. A
   * command that blocks must end well within `answerTimeout`: until then the connection cannot be told from a dead one.
   *
   * @throws {RedisError}, or what `work` itself throws
   */
  run<T>(work: (redis: Redis) => Promise<T>): Promise<T>;
  /** Called after every (re)connect, with the client of this one connection: listeners on it are gone with it. */
  onReady(listener: (redis: Redis) => void): void;
  /** Called when a connection that was ready has ended. */
  onLost(listener: (error: RedisError | undefined) => void): void;
  /**
   * Called with every message that was published to a subscription. Subscriptions end with their connection: who wants
   * them back makes them again, as `redisSubscriber` does.
   */
  onMessage(listener: (channel: string, message: string) => void): void;
  /** Ends the connection at once. */
  close(): void;
}

/** After a loss, an attempt that hears nothing for this time, in ms, is given up: its packets may have gone astray in the outage. */
const impatience = 2500;

/** What renewed files may put right. */
const certificateFaults: ReadonlySet<RedisFault> = new Set([
  "certificate-untrusted",
  "certificate-expired",
  "client-certificate",
]);

/**
 * Makes a link, not yet connected.
 *
 * @param silence  longest silence in ms when something is to be answered, where it differs from `answerTimeout`
 * @throws {RedisError} CDT-REDIS-URL when there is a URL that cannot be read
 */
export function redisLink(options: RedisConnectionOptions, silence?: number): RedisLink {
  const { servers, clientName, connectTimeout = 10_000, onWarning, log, ...rest } = readOptions(options);
  const answerTimeout = silence ?? rest.answerTimeout ?? 6_000;
  const ready = new Set<(redis: Redis) => void>();
  const lost = new Set<(error: RedisError | undefined) => void>();
  const certificates = new Map<RedisServer, CertificateUse>();
  let session: RedisSession | undefined;
  /** The attempt that is under way, or that is going to be made. */
  let attempt: Promise<void> | undefined;
  /** Aborted by {@link RedisLink.close}; renewed with the next connect. */
  let open = new AbortController();
  /** From the first success until it is closed. */
  let mendsItself = false;
  /** Why there is no connection. */
  let reason: RedisError | undefined;
  let next = 0;
  /** Callers of connect that wait. */
  let waiting = 0;

  /** Tries all servers, beginning with the one whose turn it is. @throws the most telling of their errors */
  async function tryAll(signal: AbortSignal): Promise<void> {
    const errors: RedisError[] = [];
    for (const _ of servers) {
      const server = servers[next % servers.length]!;
      const opened = await trySession(server, signal).catch((error) => {
        signal.throwIfAborted();
        errors.push(translateRedisError(error, server.where));
        next++;
      });
      if (opened) return enter(opened, signal);
    }
    throw errors.find((error) => error.kind === "configuration") ?? errors.at(-1)!;
  }

  async function trySession(server: RedisServer, signal: AbortSignal): Promise<RedisSession> {
    const files = certificatesOf(server);
    const patience = mendsItself ? Math.min(impatience, connectTimeout) : connectTimeout;
    const limit = new AbortController();
    const abort = () => limit.abort(signal.reason);
    const late = () =>
      limit.abort(redisFault("unreachable", server.where, `not connected in ${connectTimeout / 1000} s`));
    const timer = setTimeout(late, connectTimeout);
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await openSession(server, files, { clientName, patience, answerTimeout }, limit.signal);
    } catch (error) {
      // It may be that they were renewed a moment ago: on this side, or on the other.
      if (certificateFaults.has((error as RedisError).fault)) void files?.check();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }

  function certificatesOf(server: RedisServer): CertificateUse | undefined {
    if (!server.tls) return undefined;
    const known = certificates.get(server) ?? useCertificates(server.tls, { onWarning, log });
    certificates.set(server, known);
    return known;
  }

  function enter(opened: RedisSession, signal: AbortSignal): void {
    if (signal.aborted) {
      opened.end(redisFault("unreachable", servers[0].where, "the connection was closed"));
      throw signal.reason;
    }
    session = opened;
    reason = undefined;
    mendsItself = true;
    void opened.ended.then((error) => {
      if (session !== opened) return;
      session = undefined;
      reason = error;
      mend(open.signal);
      for (const listener of lost) listener(error);
    });
    for (const listener of ready) listener(opened.redis);
  }

  function firstAttempt(signal: AbortSignal): Promise<void> {
    const mine = tryAll(signal).finally(() => {
      if (attempt === mine) attempt = undefined;
    });
    return mine;
  }

  /** Goes on trying until there is a connection, or the link is closed. */
  function mend(signal: AbortSignal, failures = 0): void {
    attempt = (async () => {
      await pause(backOff(failures, reason), undefined, { signal });
      await tryAll(signal);
    })();
    attempt.then(
      () => {
        attempt = undefined;
      },
      (error) => {
        if (signal.aborted) return;
        reason = error;
        mend(signal, failures + 1);
      },
    );
  }

  function giveUp(because: unknown): void {
    attempt = undefined;
    open.abort(because);
  }

  return {
    async connect(signal) {
      signal?.throwIfAborted();
      if (session) return;
      if (open.signal.aborted) open = new AbortController();
      attempt ??= firstAttempt(open.signal);
      waiting++;
      try {
        await unlessAborted(attempt, signal);
      } finally {
        // An attempt that nobody waits for any more must not succeed behind everybody's back.
        if (--waiting === 0 && signal?.aborted && !mendsItself) giveUp(signal.reason);
      }
    },
    async run(work) {
      const current = session;
      if (!current) throw reason ?? redisFault("unreachable", servers[0].where, "not connected");
      try {
        return await work(current.redis);
      } catch (error) {
        if (isReply(error)) throw translateRedisError(error, servers[next % servers.length]!.where);
        // While the connection stands, what was thrown is a mistake in `work`.
        throw current.isOver ? await current.ended : error;
      }
    },
    onReady: (listener) => void ready.add(listener),
    onLost: (listener) => void lost.add(listener),
    onMessage(listener) {
      ready.add((redis) => redis.on("message", listener));
      session?.redis.on("message", listener);
    },
    close() {
      mendsItself = false;
      giveUp(redisFault("unreachable", servers[0].where, "the connection was closed"));
      for (const files of certificates.values()) files.release();
      certificates.clear();
      const closing = session;
      if (!closing) return;
      session = undefined;
      closing.end(open.signal.reason);
      for (const listener of lost) listener(undefined);
    },
  };
}

/**
 * Time before the next attempt, in ms. Halved at random, so that the clients of one server do not come back in step; longer
 * where a person has to mend something first.
 */
function backOff(failures: number, reason: RedisError | undefined): number {
  const longest = reason?.kind === "configuration" ? 4000 : 1000;
  return Math.min(longest, 100 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2);
}

function isReply(error: unknown): boolean {
  return (error as Error).name === "ReplyError";
}
