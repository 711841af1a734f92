import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { type CertificateSet, type CertificateTexts, certificateSet, renewalProblem } from "./certificate-set.ts";
import { RedisError } from "./redis-errors.ts";
import type { RedisConnectionOptions } from "./redis-options.ts";
import type { RedisTlsOptions } from "./redis-tls.ts";

/** What is known of the certificate files of open connections: for health checks and metrics. */
export interface CertificateFacts {
  /** When our certificate that is in use ends; absent without one. */
  notAfter: Date | undefined;
  /** SHA-256 of our certificate that is in use, as `openssl x509 -fingerprint -sha256` prints it. */
  fingerprint: string | undefined;
  /** When the files were last read to the end. */
  checkedAt: Date;
  /** Why the files are not used as they are now, as a sentence; absent while all is well. */
  problem: string | undefined;
}

/** One connection's share in a set of files. */
export interface CertificateUse {
  /**
   * The set for a connection that is made now. The files are read the first time.
   *
   * @throws {Error} that says why they cannot be used, while no set is in use
   */
  current(): Promise<CertificateSet>;
  /** Looks at the files now, because the other side did not take ours, or we not its. Never rejects. */
  check(): Promise<void>;
  release(): void;
}

type Voice = Pick<RedisConnectionOptions, "onWarning" | "log">;

/** One watch for each set of files, shared by all who use it. */
const watches = new Map<string, CertificateWatch>();

/**
 * Looks after certificate files: reads them by content, since they may lie on a network file system that tells nobody of
 * changes, and takes renewed ones into use when they fit together. Connections that exist go on as they are, past the end
 * of their certificate too: Redis looks at it in the handshake and never again.
 */
export function useCertificates(tls: RedisTlsOptions, voice: Voice): CertificateUse {
  const key = keyOf(tls);
  const watch = watches.get(key) ?? new CertificateWatch(tls, () => watches.delete(key));
  watches.set(key, watch);
  return watch.use(voice);
}

/** The facts about files that an open connection uses; undefined for those that nobody uses. */
export function certificateFacts(tls: RedisTlsOptions): CertificateFacts | undefined {
  return watches.get(keyOf(tls))?.facts();
}

function keyOf({ ca, cert, key, checkEvery }: RedisTlsOptions): string {
  return JSON.stringify([ca, cert, key, checkEvery]);
}

const defaultEvery = 30_000;
/** The first read counts as failed when it takes longer, in ms: somebody waits, and the file system may hang. */
const longestFirstRead = 5_000;
/** The same for later reads: threads to read with may be scarce for a while. */
const longestRead = 30_000;
/** Between two reads that must agree, in ms: whoever writes the files is not caught in the middle. */
const settling = 200;

class CertificateWatch {
  readonly #files: CertificateTexts;
  readonly #every: number;
  readonly #forget: () => void;
  readonly #users = new Set<Voice>();
  #inUse: CertificateSet | undefined;
  #checkedAt = new Date(0);
  #problem: string | undefined;
  /** What was warned of, so that it is said once. */
  #warnedOf: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** At most one read is under way: one that hangs keeps one thread of the pool, not more and more of them. */
  #reading: Promise<CertificateTexts> | undefined;
  #checking: Promise<void> | undefined;

  constructor({ ca, cert, key, checkEvery = defaultEvery }: RedisTlsOptions, forget: () => void) {
    this.#files = { ca, cert, key };
    this.#every = checkEvery;
    this.#forget = forget;
  }

  use(voice: Voice): CertificateUse {
    const user = { ...voice };
    this.#users.add(user);
    return {
      current: () => this.#current(),
      check: () => this.#check(),
      release: () => {
        if (!this.#users.delete(user) || this.#users.size > 0) return;
        clearTimeout(this.#timer);
        this.#forget();
      },
    };
  }

  facts(): CertificateFacts | undefined {
    if (!this.#inUse) return undefined;
    const { certificate } = this.#inUse;
    return {
      notAfter: certificate?.validToDate,
      fingerprint: certificate?.fingerprint256,
      checkedAt: this.#checkedAt,
      problem: this.#problem,
    };
  }

  async #current(): Promise<CertificateSet> {
    if (this.#inUse) return this.#inUse;
    const texts = await this.#read(longestFirstRead);
    this.#inUse ??= certificateSet(texts);
    this.#checkLater();
    return this.#inUse;
  }

  #checkLater(): void {
    clearTimeout(this.#timer);
    if (this.#users.size === 0 || !Object.values(this.#files).some(isPath)) return;
    this.#timer = setTimeout(() => this.#check(), this.#every).unref();
  }

  #check(): Promise<void> {
    this.#checking ??= this.#compare().finally(() => {
      this.#checking = undefined;
      this.#checkLater();
    });
    return this.#checking;
  }

  async #compare(): Promise<void> {
    if (!this.#inUse) return;
    let texts: CertificateTexts;
    try {
      texts = await this.#readSettled(this.#inUse.texts);
    } catch (error) {
      const problem = `they cannot be read (${(error as Error).message})`;
      return this.#warn(problem, problem);
    }
    this.#checkedAt = new Date();
    if (same(texts, this.#inUse.texts)) {
      this.#problem = undefined;
      this.#warnedOf = undefined;
      return;
    }
    const [next, problem] = judge(texts, this.#inUse);
    if (!next) return this.#warn(problem, JSON.stringify(texts));
    this.#inUse = next;
    this.#problem = undefined;
    this.#warnedOf = undefined;
    for (const log of new Set([...this.#users].map((user) => user.log))) {
      log?.info({ certificate: this.facts() }, "renewed certificate files are in use for new connections");
    }
  }

  /** What the files hold, as soon as two reads in a row agree: with each other, or with what is in use. */
  async #readSettled(inUse: CertificateTexts): Promise<CertificateTexts> {
    let before: CertificateTexts | undefined;
    for (let attempt = 1; ; attempt++) {
      try {
        const texts = await this.#read(Math.min(longestRead, this.#every));
        if (same(texts, inUse) || (before && same(texts, before)) || attempt === 5) return texts;
        before = texts;
      } catch (error) {
        // A folder that is being replaced is away for a moment. What hangs is not asked again at once.
        if (attempt === 5 || (error as NodeJS.ErrnoException).code === undefined) throw error;
      }
      await pause(settling, undefined, { ref: false });
    }
  }

  async #read(atMost: number): Promise<CertificateTexts> {
    this.#reading ??= readAll(this.#files).finally(() => {
      this.#reading = undefined;
    });
    // When it fails after we have stopped waiting, that is no news.
    this.#reading.catch(() => {});
    return await within(atMost, this.#reading);
  }

  #warn(problem: string, about: string): void {
    this.#problem = problem;
    if (this.#warnedOf === about) return;
    this.#warnedOf = about;
    const end = this.#inUse?.certificate?.validToDate.toISOString();
    const until = end ? `; new connections use the former certificate, which ends ${end}` : "";
    const warning = new RedisError("tls-files", `the TLS files have changed and are not used: ${problem}${until}`);
    const users = [...this.#users];
    for (const tell of new Set(users.map((user) => user.onWarning))) tell?.(warning);
    for (const log of new Set(users.map((user) => user.log))) log?.warn({ code: warning.code }, warning.message);
    if (!users.some((user) => user.onWarning || user.log)) {
      process.emitWarning(warning.message, { code: warning.code, type: "RedisWarning" });
    }
  }
}

/** The renewed set, or why it is none. */
function judge(
  texts: CertificateTexts,
  inUse: CertificateSet,
): [set: CertificateSet] | [set: undefined, problem: string] {
  try {
    const next = certificateSet(texts);
    const problem = renewalProblem(next, inUse);
    return problem === undefined ? [next] : [undefined, problem];
  } catch (error) {
    return [undefined, (error as Error).message];
  }
}

/** One after the other: each takes a thread of Node's pool, of which there are few. */
async function readAll({ ca, cert, key }: CertificateTexts): Promise<CertificateTexts> {
  return { ca: await textOf(ca), cert: await textOf(cert), key: await textOf(key) };
}

async function textOf(textOrPath: string | undefined): Promise<string | undefined> {
  return isPath(textOrPath) ? await readFile(textOrPath, "utf8") : textOrPath;
}

function isPath(textOrPath: string | undefined): textOrPath is string {
  return textOrPath !== undefined && !textOrPath.includes("-----BEGIN");
}

function same(a: CertificateTexts, b: CertificateTexts): boolean {
  return a.ca === b.ca && a.cert === b.cert && a.key === b.key;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`reading them takes longer than ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
