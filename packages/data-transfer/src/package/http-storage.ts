import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import {
  LongObject,
  ObjectChanged,
  ObjectMissing,
  ShortObject,
  SourceForbidden,
  SourceMisconfigured,
  SourceUnreachable,
} from "../errors/source.ts";
import type { Pin, Storage } from "../storage/storage.ts";

/**
 * One object behind a URL. Every read is one GET with `Range` and, where the server has given an ETag that can be insisted
 * on, `If-Match`. Redirects are followed to https only; no credentials are ever sent.
 */
export function httpStorage(
  url: URL,
  { ca, connectTimeout = 10_000 }: { ca?: string; connectTimeout?: number } = {},
): Storage {
  const name = url.origin + url.pathname;
  const key = "";
  const agents = { "http:": new HttpAgent({ keepAlive: true }), "https:": new HttpsAgent({ keepAlive: true, ca }) };
  const about = { storage: name, key };

  return {
    name,

    async stat(_key, signal) {
      const answer = await ask("HEAD", {}, signal);
      answer.resume();
      const size = Number(answer.headers["content-length"]);
      if (answer.headers["content-length"] === undefined || !Number.isSafeInteger(size)) {
        throw new SourceUnreachable({ ...about, what: "its answer has no length" });
      }
      return { key, size, etag: versionOf(answer, size) };
    },

    async *read(_key, range, pin, signal) {
      const start = range.start;
      const end = Math.min(range.end ?? pin.size, pin.size);
      if (start >= end) return;
      const headers: Record<string, string> = { range: `bytes=${start}-${end - 1}` };
      if (pin.etag.startsWith('"')) headers["if-match"] = pin.etag;
      const answer = await ask("GET", headers, signal);
      const stop = () => void answer.destroy();
      signal.addEventListener("abort", stop, { once: true });
      try {
        let at = firstByte(answer, start, end, pin);
        for await (const chunk of answer as AsyncIterable<Buffer>) {
          const skipped = Math.min(Math.max(0, start - at), chunk.length);
          at += chunk.length;
          if (at > end && answer.statusCode === 206)
            throw new LongObject({ ...about, expected: end - start, found: at - start });
          if (skipped < chunk.length) yield chunk.subarray(skipped);
        }
        signal.throwIfAborted();
        if (at < end) throw new ShortObject({ ...about, expected: end - start, found: Math.max(0, at - start) });
      } catch (error) {
        signal.throwIfAborted();
        throw translate(error);
      } finally {
        signal.removeEventListener("abort", stop);
        answer.destroy();
      }
    },

    async close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };

  /** Where the answer's body begins in the object. */
  function firstByte(answer: IncomingMessage, start: number, end: number, pin: Pin): number {
    const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers["content-range"] ?? "");
    const size = range === null ? Number(answer.headers["content-length"]) : Number(range[3]);
    const found = versionOf(answer, size);
    if (found !== pin.etag || size !== pin.size) throw new ObjectChanged({ ...about, pinned: pin.etag, found });
    // A server without ranges sends all of it each time.
    if (answer.statusCode === 200) return 0;
    if (range !== null && Number(range[1]) === start && Number(range[2]) === end - 1) return start;
    const sent = answer.headers["content-range"] ?? "no Content-Range";
    throw new SourceUnreachable({ ...about, what: `asked for bytes ${start}-${end - 1}, it sent ${sent}` });
  }

  async function ask(method: string, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
    let target = url;
    for (let hops = 0; hops <= 5; hops++) {
      signal.throwIfAborted();
      const answer = await send(target, method, headers, signal).catch((error) => {
        signal.throwIfAborted();
        throw translate(error);
      });
      const { statusCode = 0, headers: given } = answer;
      if (statusCode === 200 || statusCode === 206) {
        if (given["content-encoding"] === undefined || given["content-encoding"] === "identity") return answer;
        answer.destroy();
        throw new SourceMisconfigured({
          ...about,
          what: `it sends the package encoded as ${given["content-encoding"]}`,
        });
      }
      answer.resume();
      if (statusCode < 300 || statusCode >= 400 || given.location === undefined) throw refusal(statusCode, given);
      const next = URL.parse(given.location, target.href);
      if (next?.protocol !== "https:") {
        throw new SourceMisconfigured({ ...about, what: "it redirects to a place that is not https" });
      }
      target = next;
    }
    throw new SourceMisconfigured({ ...about, what: "it redirects again and again" });
  }

  function send(target: URL, method: string, headers: Record<string, string>, signal: AbortSignal) {
    return new Promise<IncomingMessage>((resolve, reject) => {
      const protocol = target.protocol as keyof typeof agents;
      const send = protocol === "http:" ? requestHttp : requestHttps;
      const request = send(
        target,
        { method, signal, agent: agents[protocol], headers: { ...headers, "accept-encoding": "identity" } },
        resolve,
      );
      const late = setTimeout(() => request.destroy(new Error("no connection in time")), connectTimeout);
      request.on("socket", (socket) => {
        if (socket.connecting)
          socket.once(protocol === "http:" ? "connect" : "secureConnect", () => clearTimeout(late));
        else clearTimeout(late);
      });
      request.on("error", (error) => {
        clearTimeout(late);
        reject(error);
      });
      request.end();
    });
  }

  function refusal(status: number, headers: IncomingMessage["headers"]): Error {
    const what = `it answers with status ${status}`;
    if (status === 404 || status === 410) return new ObjectMissing(about);
    if (status === 401 || status === 403) return new SourceForbidden({ ...about, what });
    if (status === 412) return new ObjectChanged({ ...about, pinned: "the version that was begun", found: "another" });
    if (status !== 429 && status < 500) return new SourceMisconfigured({ ...about, what });
    const seconds = Number(headers["retry-after"]);
    return new SourceUnreachable({ ...about, what, ...(seconds > 0 ? { retryAfter: seconds * 1000 } : {}) });
  }

  function translate(error: unknown): unknown {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("CDT-") || !(error instanceof Error)) return error;
    if (/CERT|ERR_TLS|SELF_SIGNED|UNABLE_TO/.test(code ?? "")) {
      return new SourceMisconfigured({ ...about, what: `its certificate is refused (${code})` }, { cause: error });
    }
    return new SourceUnreachable({ ...about, what: code ?? message }, { cause: error });
  }
}

/** A server without ETags tells versions apart by time and size. */
function versionOf({ headers }: IncomingMessage, size: number): string {
  return headers.etag ?? `${headers["last-modified"] ?? "unknown"} ${size}`;
}
