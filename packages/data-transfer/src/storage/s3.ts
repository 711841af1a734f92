import { HttpAgent } from "./http/agent.ts";
import type { HttpAnswer } from "./http/connection.ts";
import { readText } from "./http/read-text.ts";
import { remoteObjects } from "./remote-object.ts";
import { s3Signer } from "./sign-s3.ts";
import type { Storage } from "./storage.ts";
import { type S3Refusal, translateS3Refusal } from "./translate-s3-refusal.ts";

export interface S3StorageOptions {
  /** https://host[:port]; on the allow-list already. */
  endpoint: string;
  bucket: string;
  /** Put before every key; empty or ending in `/`. */
  prefix: string;
  region: string;
  accessKey: string;
  secretKey: string;
  /** PEM of the authorities that may sign the endpoint's certificate; the system's by default. */
  ca?: string;
  /** Connections at most. */
  connections?: number;
  /** ms to set up a connection, TLS included. */
  connectTimeout?: number;
}

/**
 * An S3 archive: path-style, SigV4. Every read is one GET with `Range` and `If-Match`, tried once and never redirected:
 * trying again is a decorator's work, which knows the abort signal and the byte that was reached.
 *
 * Checksums of S3's own are not asked for: Ceph and others do not know them all.
 */
export function s3Storage(options: S3StorageOptions): Storage {
  const { bucket, prefix, ca, connections, connectTimeout } = options;
  const origin = new URL(options.endpoint);
  const name = `s3:${origin.origin}/${bucket}${prefix && `/${prefix.replace(/\/$/, "")}`}`;
  const agent = new HttpAgent({ origin, ca, connections, connectTimeout });
  const sign = s3Signer(origin, options);

  return remoteObjects({
    name,
    // Stores keep what an uploading program named, and it is a way of uploading.
    harmlessCodings: ["aws-chunked"],
    wholeObjects: false,
    send,

    async refusal(answer, method, key, pin, signal) {
      return translateS3Refusal(await inWords(answer, method, key, signal), answer.headers, {
        storage: name,
        key,
        pin,
      });
    },

    close: () => agent.close(),
  });

  async function send(
    method: "GET" | "HEAD",
    key: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const path = s3Path(bucket, prefix + key);
    return await agent.send(await sign({ method, path, headers }), signal);
  }

  /** The answer to a HEAD has no body, so that a refusal has no words, nor is a bucket told from a key: a GET has both. */
  async function inWords(
    answer: HttpAnswer,
    method: "GET" | "HEAD",
    key: string,
    signal: AbortSignal,
  ): Promise<S3Refusal> {
    const { status } = answer;
    if (method === "GET") return { status, ...parseRefusal(await readText(answer)) };
    answer.discard();
    if (status < 400 || status >= 500) return { status };
    try {
      const again = await send("GET", key, { range: "bytes=0-0" }, signal);
      const words = parseRefusal(await readText(again));
      return again.status === status ? { status, ...words } : { status };
    } catch {
      return { status };
    }
  }
}

/** An object's address at its endpoint, path-style. */
export function s3Path(bucket: string, key: string): string {
  return `/${escaped(bucket)}/${key.split("/").map(escaped).join("/")}`;
}

/** S3's own name for what is wrong; its sentence is left where it is, since it may repeat what was sent. */
export function parseRefusal(text: string): { name?: string } {
  const name = /<Code>\s*([A-Za-z0-9]{1,64})\s*<\/Code>/.exec(text)?.[1];
  return name === undefined ? {} : { name };
}

/** Percent-encoded as AWS does it: everything but letters, digits and `-._~`. */
function escaped(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
