import { LongObject, ObjectChanged, ShortObject, SourceMisconfigured, SourceUnreachable } from "../errors/source.ts";
import type { HttpAnswer } from "./http/connection.ts";
import { describeVersion, pinHeaders } from "./object-version.ts";
import type { ByteRange, ObjectInfo, Pin, Storage } from "./storage.ts";
import { translateHttpError } from "./translate-http-error.ts";

/** What S3 and plain https do differently. */
export interface ObjectServer {
  /** The storage's name. */
  readonly name: string;
  /** Sends one request for an object. Errors below HTTP come out as they are. */
  send(
    method: "GET" | "HEAD",
    key: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer>;
  /** What an answer means that is not the success which was asked for. Reads or discards its body. */
  refusal(
    answer: HttpAnswer,
    method: "GET" | "HEAD",
    key: string,
    pin: Pin | undefined,
    signal: AbortSignal,
  ): Promise<Error>;
  /** Content codings that this kind of server names without having applied them. */
  readonly harmlessCodings: readonly string[];
  /** Whether servers are used that send whole objects only. */
  readonly wholeObjects: boolean;
  close(): void;
}

/**
 * Objects on a server that speaks HTTP. Every read is one GET with `Range` and the pin as a condition, tried once: trying
 * again is a decorator's work. Nothing of an answer is believed: range, version, length and coding are compared with what
 * was asked for.
 */
export function remoteObjects(server: ObjectServer): Storage {
  const { name } = server;
  return {
    name,

    async stat(key, signal) {
      const answer = await ask("HEAD", key, {}, undefined, signal);
      answer.discard();
      if (answer.status !== 200) throw await server.refusal(answer, "HEAD", key, undefined, signal);
      const info = described(answer, key);
      return server.wholeObjects ? await withRanges(answer, info, signal) : info;
    },

    async *read(key, range, pin, signal) {
      signal.throwIfAborted();
      const { start } = range;
      const end = Math.min(range.end ?? pin.size, pin.size);
      // An empty range cannot be asked for; whether the object is still the pinned one can.
      if (start >= end) return checkPin(await this.stat(key, signal), pin);
      const answer = await ask("GET", key, { range: `bytes=${start}-${end - 1}`, ...pinHeaders(pin) }, pin, signal);
      if (answer.status !== 206 && answer.status !== 200) throw await server.refusal(answer, "GET", key, pin, signal);
      const at = checked(answer, key, { start, end }, pin);
      yield* exactly(answer, key, at, { start, end }, pin, signal);
    },

    async close() {
      server.close();
    },
  };

  async function ask(
    method: "GET" | "HEAD",
    key: string,
    headers: Readonly<Record<string, string>>,
    pin: Pin | undefined,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    signal.throwIfAborted();
    try {
      return await server.send(method, key, headers, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw translateHttpError(error, { storage: name, key, pin });
    }
  }

  /** The bytes of the range out of a body that begins with byte `at`; throws when there are fewer, or more. */
  async function* exactly(
    answer: HttpAnswer,
    key: string,
    at: number,
    { start, end }: Required<ByteRange>,
    pin: Pin,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    let next = at;
    // The whole object was sent for a part of it: what lies behind the part is not read.
    const goesOn = answer.status === 200 && end < pin.size;
    const asked = { storage: name, key, expected: end - start };
    try {
      for await (const chunk of answer.body()) {
        signal.throwIfAborted();
        const from = Math.max(0, start - next);
        next += chunk.length;
        const beyond = Math.max(0, next - end);
        if (beyond > 0 && !goesOn) throw new LongObject({ ...asked, found: next - start });
        if (from < chunk.length - beyond) yield chunk.subarray(from, chunk.length - beyond);
        if (goesOn && next >= end) break;
      }
    } catch (error) {
      signal.throwIfAborted();
      throw translateHttpError(error, { storage: name, key, range: { start, end } });
    }
    signal.throwIfAborted();
    if (next < end) throw new ShortObject({ ...asked, found: Math.max(0, next - start) });
  }

  /** Compares the head of an answer with the request. @returns the position in the object at which the body begins */
  function checked(answer: HttpAnswer, key: string, { start, end }: Required<ByteRange>, pin: Pin): number {
    try {
      const { status, headers } = answer;
      const coding = headers.get("content-encoding")?.trim().toLowerCase() || "identity";
      if (coding !== "identity" && !server.harmlessCodings.includes(coding)) {
        throw new SourceMisconfigured({ storage: name, key, what: `it sends the object encoded (${coding})` });
      }
      const found = describeVersion(headers, pin);
      const said = headers.get("content-range");
      const range = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(said ?? "");
      const total = status === 206 ? range?.[3] : headers.get("content-length");
      if (found !== pin.etag || (total !== undefined && Number(total) !== pin.size)) {
        const size = found === pin.etag ? `, ${total} bytes` : "";
        throw new ObjectChanged({ storage: name, key, pinned: pin.etag, found: (found ?? "no version") + size });
      }
      // The whole object serves as well.
      if (status === 200 && server.wholeObjects) return 0;
      if (status === 200 || range === null || Number(range[1]) !== start || Number(range[2]) !== end - 1) {
        const what = `asked for bytes ${start}-${end - 1}, it sent ${said ?? "no Content-Range"}`;
        throw new SourceUnreachable({ storage: name, key, what });
      }
      return start;
    } catch (error) {
      answer.discard();
      throw error;
    }
  }

  function described({ headers }: HttpAnswer, key: string): ObjectInfo {
    const etag = describeVersion(headers);
    const size = headers.get("content-length");
    if (size === undefined) throw new SourceMisconfigured({ storage: name, key, what: "it does not tell its length" });
    if (etag === undefined) {
      const what = "it tells no version, neither a strong ETag nor Last-Modified";
      throw new SourceMisconfigured({ storage: name, key, what });
    }
    return { key, size: Number(size), etag };
  }

  /** Whether parts are served is asked for where the server does not say so. */
  async function withRanges({ headers }: HttpAnswer, info: ObjectInfo, signal: AbortSignal): Promise<ObjectInfo> {
    const said = headers.get("accept-ranges")?.toLowerCase();
    if (said === "bytes" || info.size === 0) return info;
    if (said !== "none") {
      const probe = await ask("GET", info.key, { range: "bytes=0-0", ...pinHeaders(info) }, info, signal);
      probe.discard();
      if (probe.status === 206) return info;
    }
    return { ...info, wholeOnly: true };
  }

  function checkPin(found: ObjectInfo, pin: Pin): void {
    if (found.etag === pin.etag && found.size === pin.size) return;
    throw new ObjectChanged({ storage: name, key: found.key, pinned: pin.etag, found: found.etag });
  }
}
