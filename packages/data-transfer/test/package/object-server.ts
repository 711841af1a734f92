import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Scope } from "../../../../testing/scope.ts";

/** One object at every path of a web server, which is an S3 endpoint to those who ask like one. */
export interface ObjectServer {
  readonly origin: string;
  /** What it serves; may be changed. */
  bytes: Buffer;
  etag: string;
  /** Bytes of bodies that it has sent, all answers together. */
  sent: number;
  requests: { method: string; path: string; range: string | undefined; authorization: string | undefined }[];
  /** From now on no byte at or behind this offset is sent, and who waits for one before it gets it. Infinite at first. */
  openTo(offset: number): void;
  /** Answers these in turn before it is itself again: a status, or "cut" for a body that ends in its middle. */
  faults: (number | "cut")[];
  /** Resolves when somebody waits at the gate. */
  reached(): Promise<void>;
}

export async function startObjectServer(scope: Scope, bytes: Buffer): Promise<ObjectServer> {
  let waiting = Promise.withResolvers<void>();
  let moved = Promise.withResolvers<void>();
  let gate = Number.POSITIVE_INFINITY;
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const own: ObjectServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ bytes, etag: '"one"', sent: 0, requests: [], faults: [] },
    openTo(offset) {
      gate = offset;
      moved.resolve();
      moved = Promise.withResolvers();
    },
    async reached() {
      await waiting.promise;
      waiting = Promise.withResolvers();
    },
  };
  return own;

  function answer({ method = "", url: path = "", headers }: IncomingMessage, response: ServerResponse): void {
    const { range, authorization } = headers;
    own.requests.push({ method, path, range, authorization });
    const fault = method === "GET" ? own.faults.shift() : undefined;
    if (typeof fault === "number") return void response.writeHead(fault, { "content-length": 0 }).end();
    const match = headers["if-match"];
    if (match !== undefined && match !== own.etag) return void response.writeHead(412, { "content-length": 0 }).end();
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
    const start = Number(first ?? 0);
    const end = last ? Math.min(Number(last) + 1, own.bytes.length) : own.bytes.length;
    const common = { etag: own.etag, "content-length": end - start, "accept-ranges": "bytes" };
    const partial = { ...common, "content-range": `bytes ${start}-${end - 1}/${own.bytes.length}` };
    response.writeHead(first === undefined ? 200 : 206, first === undefined ? common : partial);
    if (method === "HEAD") return void response.end();
    void send(response, start, end, fault === "cut");
  }

  async function send(response: ServerResponse, start: number, end: number, cut: boolean): Promise<void> {
    const stop = cut ? start + Math.floor((end - start) / 2) : end;
    for (let at = start; at < stop && !response.destroyed; ) {
      if (at >= gate) {
        waiting.resolve();
        await moved.promise;
        continue;
      }
      const piece = own.bytes.subarray(at, Math.min(stop, gate, at + 64 * 1024));
      at += piece.length;
      await new Promise((resolve) => response.write(piece, resolve));
      own.sent += piece.length;
    }
    if (cut) response.destroy();
    else response.end();
  }
}
