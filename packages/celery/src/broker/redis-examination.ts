import { randomBytes } from "node:crypto";
import { TLSSocket } from "node:tls";
import { useCertificates } from "./certificate-files.ts";
import { type RedisLink, redisLink } from "./redis-connection.ts";
import { RedisError, redisFault } from "./redis-errors.ts";
import { type RedisKeyOptions, redisKeys } from "./redis-keys.ts";
import type { RedisConnectionOptions } from "./redis-options.ts";
import { redisScript } from "./redis-script.ts";
import { type RedisServer, readOptions } from "./redis-servers.ts";
import { openSocket } from "./redis-socket.ts";
import type { RedisTlsOptions } from "./redis-tls.ts";

/** What a Redis is like, as far as its user may know. */
export interface RedisExamination {
  /** `7.4.1` */
  version: string | undefined;
  /** `maxmemory-policy`; what is not `noeviction` may throw messages away when memory is short. */
  policy: string | undefined;
  /** Bytes that Redis may use; 0 where it is not told. */
  maxMemory: number | undefined;
  /** Bytes that it uses now. */
  usedMemory: number | undefined;
  /** What scripts of this user may not do, of all that ours do. */
  refused: readonly { command: string; why: string }[];
  /** The certificate that it has shown; absent without TLS. */
  certificate: CertificateDates | undefined;
}

export interface CertificateDates {
  /** `db.example.org` */
  commonName: string;
  from: Date;
  to: Date;
}

/**
 * Connects to the first server and looks at what queues need of it; leaves nothing behind there.
 *
 * @throws {RedisError} that says why it cannot serve us: it is away, or does not let us in
 * @throws the signal's reason
 */
export async function examineRedis(
  options: RedisConnectionOptions & RedisKeyOptions,
  signal?: AbortSignal,
): Promise<RedisExamination> {
  const [server] = readOptions(options).servers;
  const link = redisLink(options);
  try {
    await link.connect(signal);
    const info = await infoOf(link);
    return {
      version: info.get("redis_version"),
      policy: info.get("maxmemory_policy") ?? (await askedPolicy(link)),
      maxMemory: numberOf(info.get("maxmemory")),
      usedMemory: numberOf(info.get("used_memory")),
      refused: await refusals(link, options),
      certificate: await shownCertificate(server, options.connectTimeout, signal),
    };
  } finally {
    link.close();
  }
}

/**
 * Reads our certificate files as a connection would.
 *
 * @returns when they are good: ours first, if there is one, then the authorities that we trust, where they are given
 * @throws {RedisError} CDT-REDIS-TLS-FILES that says why they cannot be used
 */
export async function examineCertificates(
  tls: RedisTlsOptions,
): Promise<{ own: CertificateDates | undefined; authorities: CertificateDates[] }> {
  const files = useCertificates(tls, {});
  try {
    const { certificate, authorities } = await files.current();
    return { own: certificate && datesOf(certificate), authorities: authorities.map(datesOf) };
  } catch (error) {
    throw new RedisError("tls-files", `the TLS files cannot be used (${(error as Error).message})`, { cause: error });
  } finally {
    files.release();
  }
}

async function infoOf(link: RedisLink): Promise<ReadonlyMap<string, string>> {
  const text = await unlessForbidden(link.run((redis) => redis.info()));
  return new Map(
    (text ?? "")
      .split("\r\n")
      .filter((line) => line.includes(":"))
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
  );
}

/** For those who may ask for the configuration, but not for INFO. */
async function askedPolicy(link: RedisLink): Promise<string | undefined> {
  const answer = await unlessForbidden(link.run((redis) => redis.config("GET", "maxmemory-policy")));
  return (answer as string[] | undefined)?.[1];
}

/** Hosted servers take some commands away altogether, which says no more than that we may not. */
async function unlessForbidden<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const { fault, message } = error as RedisError;
    if (fault === "not-permitted" || (fault === "refused" && /unknown command/i.test(message))) return undefined;
    throw error;
  }
}

async function refusals(link: RedisLink, options: RedisKeyOptions): Promise<RedisExamination["refused"]> {
  const { globalKeyPrefix = "", ownPrefix = "cdt:" } = options;
  const { unacked, unackedIndex } = redisKeys(options);
  const nonce = randomBytes(12).toString("base64url");
  const mine = `${globalKeyPrefix}${ownPrefix}examination:${nonce}`;
  const others = [unacked, unackedIndex, `${globalKeyPrefix}celery-task-meta-${nonce}`];
  const words = await link
    .run((redis) => examine(redis, [mine], others))
    .catch((error: RedisError) => {
      if (error.fault !== "not-permitted") throw error;
      return ["EVALSHA", (error.cause as Error).message];
    });
  return Array.from({ length: words.length / 2 }, (_, i) => ({ command: words[2 * i]!, why: words[2 * i + 1]! }));
}

const examine = redisScript<string[]>(import.meta.url, "examine");

/** On a connection of its own, which says nothing: the other one's socket belongs to its client. */
async function shownCertificate(
  { host, port, tls, where }: RedisServer,
  connectTimeout = 10_000,
  signal: AbortSignal = new AbortController().signal,
): Promise<CertificateDates | undefined> {
  if (tls === undefined) return undefined;
  const files = useCertificates(tls, {});
  try {
    const target = { host, port, tls: { options: tls, certificates: await files.current() } };
    const socket = await openSocket(target, connectTimeout, signal);
    const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
    socket.destroy();
    return certificate && datesOf(certificate);
  } catch (error) {
    signal.throwIfAborted();
    throw redisFault("unreachable", where, (error as Error).message);
  } finally {
    files.release();
  }
}

function datesOf(certificate: { subject: string; validFromDate: Date; validToDate: Date }): CertificateDates {
  const name = /^CN=(.*)$/m.exec(certificate.subject)?.[1];
  return { commonName: name ?? "no name", from: certificate.validFromDate, to: certificate.validToDate };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
