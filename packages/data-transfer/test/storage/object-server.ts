import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Scope } from "../../../../testing/scope.ts";

/** A server of objects in memory: S3's way to read them, path-style, and that of any web server. */
export interface ObjectServer {
  readonly endpoint: string;
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Requests so far, as `GET /bucket/key bytes=0-9`. */
  readonly requests: string[];
  /** Headers of the last request. */
  lastHeaders(): IncomingMessage["headers"];
  /** Open connections. */
  connections(): Promise<number>;
}

export interface ObjectServerOptions {
  /** Answers a request in its own way, and says so. */
  instead?: (request: IncomingMessage, response: ServerResponse, bytes: Buffer | undefined) => boolean;
  /** Header fields of a web server without versions by ETag, or without parts. */
  etags?: boolean;
  ranges?: boolean;
}

/** Serves `/bucket/<key>`; keys are put without the bucket. */
export async function startObjectServer(
  scope: Scope,
  { instead, etags = true, ranges = true }: ObjectServerOptions = {},
): Promise<ObjectServer> {
  const objects = new Map<string, { bytes: Buffer; changed: number }>();
  const requests: string[] = [];
  let last: IncomingMessage["headers"] = {};
  const server = createServer((request, response) => {
    last = request.headers;
    requests.push([request.method, request.url, request.headers.range].filter(Boolean).join(" "));
    const path = decodeURIComponent((request.url ?? "").split("?")[0] as string);
    const object = objects.get(path.replace(/^\/bucket\//, ""));
    if (instead?.(request, response, object?.bytes)) return;
    if (object === undefined) return void response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
    answer(request, response, object);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    lastHeaders: () => last,
    // A second apart each, as HTTP's times have no finer grain.
    async put(key, bytes) {
      objects.set(key, { bytes: Buffer.from(bytes), changed: (objects.get(key)?.changed ?? 1_700_000_000) + 1 });
    },
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
  };

  function answer(
    request: IncomingMessage,
    response: ServerResponse,
    { bytes, changed }: { bytes: Buffer; changed: number },
  ): void {
    const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
    const time = new Date(changed * 1000).toUTCString();
    const version = etags ? { etag } : { "last-modified": time };
    const { "if-match": match, "if-unmodified-since": since } = request.headers;
    if (match !== undefined && etags && match !== etag) return void response.writeHead(412).end();
    if (since !== undefined && Date.parse(since) < changed * 1000) return void response.writeHead(412).end();
    const head = { ...version, ...(ranges && { "accept-ranges": "bytes" }) };
    const range = ranges ? /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") : null;
    if (range === null) {
      response.writeHead(200, { ...head, "content-length": bytes.length });
      return void response.end(request.method === "HEAD" ? undefined : bytes);
    }
    const start = Number(range[1]);
    const stop = range[2] === "" ? bytes.length - 1 : Math.min(Number(range[2]), bytes.length - 1);
    if (start >= bytes.length) return void response.writeHead(416).end();
    const part = bytes.subarray(start, stop + 1);
    const said = `bytes ${start}-${stop}/${bytes.length}`;
    response.writeHead(206, { ...head, "content-length": part.length, "content-range": said });
    response.end(part);
  }
}
