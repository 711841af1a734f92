import type { Socket } from "node:net";
import { AbstractConnector, Redis } from "ioredis";
import type { CertificateUse } from "./certificate-files.ts";
import { type RedisError, redisFault, saysNotReady, translateRedisError } from "./redis-errors.ts";
import { greet } from "./redis-greeting.ts";
import type { RedisServer } from "./redis-servers.ts";
import { lastWords, openSocket, type SocketTarget } from "./redis-socket.ts";
import { onSilence } from "./silence.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** One connection from its greeting to its end. It never becomes another one: whoever wants that opens a new session. */
export interface RedisSession {
  readonly redis: Redis;
  /** Whether nothing can be sent any more: {@link ended} is about to say why. */
  readonly isOver: boolean;
  /** Fulfilled when the connection is gone, with the reason. */
  readonly ended: Promise<RedisError>;
  /** Ends it at once; the reason is what commands under way are rejected with. */
  end(reason: RedisError): void;
}

export interface SessionOptions {
  clientName: string | undefined;
  /** Longest silence while connecting, in ms. */
  patience: number;
  /** Longest silence when something is to be answered, in ms. */
  answerTimeout: number;
}

/** Longest that we listen for what a server says after a handshake, in ms. */
const lastWordsWithin = 1000;

/**
 * Connects to a server and greets it.
 *
 * @throws {RedisError} that says what is wrong
 * @throws the signal's reason
 */
export async function openSession(
  server: RedisServer,
  certificates: CertificateUse | undefined,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<RedisSession> {
  const target = await targetOf(server, certificates, signal);
  let secured = false;
  try {
    const socket = await openSocket(target, options.patience, signal);
    secured = target.tls !== undefined;
    return await begin(socket, server, options, signal);
  } catch (error) {
    signal.throwIfAborted();
    const found = translateRedisError(error, server.where);
    // A server that does not accept our certificate says so when the handshake is over for us, and hangs up. We were
    // writing at that moment, and the reset that we got may have overtaken its words: who writes nothing hears them.
    if (!secured || found.fault !== "unreachable") throw found;
    const words = await lastWords(target, Math.min(lastWordsWithin, options.patience));
    const verdict = words && translateRedisError(words, server.where);
    throw verdict && verdict.fault !== "unreachable" ? verdict : found;
  }
}

async function targetOf(
  { host, port, tls, where }: RedisServer,
  certificates: CertificateUse | undefined,
  signal: AbortSignal,
): Promise<SocketTarget> {
  if (!tls || !certificates) return { host, port };
  try {
    return { host, port, tls: { options: tls, certificates: await unlessAborted(certificates.current(), signal) } };
  } catch (error) {
    signal.throwIfAborted();
    throw redisFault("tls-files", where, (error as Error).message);
  }
}

async function begin(
  socket: Socket,
  server: RedisServer,
  { clientName, patience, answerTimeout }: SessionOptions,
  signal: AbortSignal,
): Promise<RedisSession> {
  let reason: RedisError | undefined;
  const end = (because: RedisError) => {
    reason ??= because;
    socket.destroy();
  };
  socket.on("error", (error) => {
    reason ??= translateRedisError(error, server.where);
  });
  const ended = new Promise<RedisError>((resolve) => {
    socket.once("close", () => {
      reason ??= translateRedisError(new Error("the connection was closed"), server.where);
      resolve(reason);
    });
  });
  const redis = clientOn(socket, (reply) => end(translateRedisError(reply, server.where)));

  const abort = () => socket.destroy();
  signal.addEventListener("abort", abort, { once: true });
  const stopWatching = onSilence(socket, patience, () => end(silent(server, patience)));
  try {
    await redis.connect();
    await greet(redis, server, clientName);
  } catch (error) {
    const found = translateRedisError(error, server.where);
    // What Redis says before it hangs up counts for more than that it did.
    const because = found.fault === "unreachable" ? (reason ?? found) : found;
    socket.destroy();
    signal.throwIfAborted();
    throw because;
  } finally {
    stopWatching();
    signal.removeEventListener("abort", abort);
  }
  feelPulse(redis, socket, answerTimeout, () => end(silent(server, answerTimeout)));
  return {
    redis,
    ended,
    end,
    get isOver() {
      return socket.destroyed || !socket.writable;
    },
  };
}

function silent(server: RedisServer, ms: number): RedisError {
  return redisFault("unreachable", server.where, `no answer for ${ms / 1000} s`);
}

/** An ioredis client for one socket: it never connects again by itself, nor sends anything twice. */
function clientOn(socket: Socket, notReady: (reply: Error) => void): Redis {
  class Connector extends AbstractConnector {
    constructor() {
      super(0);
    }
    connect(): Promise<Socket> {
      return Promise.resolve(socket);
    }
    override disconnect(): void {
      socket.destroy();
    }
  }
  const redis = new Redis({
    Connector,
    protocol: 2,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    retryStrategy: null,
    keepAlive: 15_000,
    // Sees the replies inside of pipelines, too. On false nothing happens.
    reconnectOnError: (reply) => {
      if (saysNotReady(reply)) setImmediate(notReady, reply);
      return false;
    },
  });
  // The socket's own listeners hear it first.
  redis.on("error", () => {});
  return redis;
}

/** Longest time between two looks whether anything has come, in ms. */
const beat = 1000;

/**
 * Notices that the other side is gone where nobody tells: the network is cut, the machine dead. When nothing has come for
 * a while, with commands waiting or without, a PING asks; when nothing comes after that for `answerTimeout`, the session
 * is over: at most 8 s after the loss with the default of 6 s. An idle session costs one command in 2 s.
 */
function feelPulse(redis: Redis, socket: Socket, answerTimeout: number, gone: () => void): void {
  const every = Math.min(beat, answerTimeout / 4);
  let seen = -1;
  let asking = false;
  const timer = setInterval(() => {
    const idle = socket.bytesRead === seen;
    seen = socket.bytesRead;
    if (!idle || asking) return;
    asking = true;
    const answered = onSilence(socket, answerTimeout, gone);
    redis.ping().then(done, done);
    function done(): void {
      asking = false;
      answered();
    }
  }, every);
  timer.unref();
  socket.once("close", () => clearInterval(timer));
}
