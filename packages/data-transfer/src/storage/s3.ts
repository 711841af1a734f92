import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Readable } from "node:stream";
import { GetObjectCommand, type GetObjectCommandOutput, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { LongObject, ObjectChanged, ShortObject, SourceUnreachable } from "../errors/source.ts";
import type { ObjectInfo, Pin, Storage } from "./storage.ts";
import { translateS3Error } from "./translate-s3-error.ts";

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
 * Checksums of S3's own are asked for only where a request demands them: Ceph and others do not know them all.
 */
export function s3Storage(options: S3StorageOptions): Storage {
  const { bucket, prefix } = options;
  const name = `s3:${new URL(options.endpoint).origin}/${bucket}${prefix && `/${prefix.replace(/\/$/, "")}`}`;
  const client = createClient(options);

  return {
    name,

    async stat(key, signal) {
      signal.throwIfAborted();
      try {
        const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: prefix + key }), {
          abortSignal: signal,
        });
        return described(key, head.ETag, head.ContentLength);
      } catch (error) {
        const said = await inWords(error, key, signal);
        signal.throwIfAborted();
        throw translateS3Error(said, name, key);
      }
    },

    async *read(key, range, pin, signal) {
      signal.throwIfAborted();
      const start = range.start;
      const end = Math.min(range.end ?? pin.size, pin.size);
      // An empty range cannot be asked for; whether the object is still the pinned one can.
      if (start >= end) return checkPin(await this.stat(key, signal), pin);
      const body = await open(key, start, end, pin, signal);
      const stop = () => void body.destroy();
      signal.addEventListener("abort", stop, { once: true });
      let at = start;
      try {
        for await (const chunk of body as AsyncIterable<Uint8Array>) {
          at += chunk.length;
          if (at > end) throw new LongObject({ storage: name, key, expected: end - start, found: at - start });
          yield chunk;
        }
        signal.throwIfAborted();
        if (at < end) throw new ShortObject({ storage: name, key, expected: end - start, found: at - start });
      } catch (error) {
        signal.throwIfAborted();
        throw translateS3Error(error, name, key);
      } finally {
        signal.removeEventListener("abort", stop);
        body.destroy();
      }
    },

    async close() {
      client.destroy();
    },
  };

  /** The answer to a HEAD has no body, so that a refusal has no words, nor is a bucket told from a key: a GET has both. */
  async function inWords(error: unknown, key: string, signal: AbortSignal): Promise<unknown> {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
    if (status < 400 || status >= 500) return error;
    const request = { Bucket: bucket, Key: prefix + key, Range: "bytes=0-0" };
    try {
      const { Body } = await client.send(new GetObjectCommand(request), { abortSignal: signal });
      (Body as Readable).destroy();
      return error;
    } catch (answer) {
      return (answer as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === status
        ? answer
        : error;
    }
  }

  async function open(key: string, start: number, end: number, pin: Pin, signal: AbortSignal): Promise<Readable> {
    const request = { Bucket: bucket, Key: prefix + key, Range: `bytes=${start}-${end - 1}`, IfMatch: pin.etag };
    let answer: GetObjectCommandOutput;
    try {
      answer = await client.send(new GetObjectCommand(request), { abortSignal: signal });
    } catch (error) {
      signal.throwIfAborted();
      throw translateS3Error(error, name, key, pin);
    }
    const body = answer.Body as Readable;
    try {
      checkAnswer(answer, key, start, end, pin);
      return body;
    } catch (error) {
      body.destroy();
      throw error;
    }
  }

  /** A server that does not know `Range` or `If-Match` answers with something else, as a success. */
  function checkAnswer(answer: GetObjectCommandOutput, key: string, start: number, end: number, pin: Pin): void {
    const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.ContentRange ?? "");
    if (answer.ETag !== pin.etag || (range !== null && Number(range[3]) !== pin.size)) {
      throw new ObjectChanged({ storage: name, key, pinned: pin.etag, found: answer.ETag ?? "no ETag" });
    }
    if (range === null || Number(range[1]) !== start || Number(range[2]) !== end - 1) {
      const what = `asked for bytes ${start}-${end - 1}, it sent ${answer.ContentRange ?? "no Content-Range"}`;
      throw new SourceUnreachable({ storage: name, key, what });
    }
  }

  function described(key: string, etag: string | undefined, size: number | undefined): ObjectInfo {
    if (etag === undefined || size === undefined) {
      throw new SourceUnreachable({ storage: name, key, what: "its answer has no ETag or no length" });
    }
    return { key, size, etag };
  }

  function checkPin(found: ObjectInfo, pin: Pin): void {
    if (found.etag === pin.etag && found.size === pin.size) return;
    throw new ObjectChanged({ storage: name, key: found.key, pinned: pin.etag, found: found.etag });
  }
}

function createClient(options: S3StorageOptions): S3Client {
  const { endpoint, region, accessKey, secretKey, ca, connections = 64, connectTimeout = 10_000 } = options;
  const agent = { keepAlive: true, maxSockets: connections };
  return new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    forcePathStyle: true,
    followRegionRedirects: false,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: connectTimeout,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent({ ...agent, ca }),
    }),
  });
}
