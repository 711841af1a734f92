import { open, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Certificates } from "../../../../../testing/certificates.ts";
import type { Scope } from "../../../../../testing/scope.ts";

/** An archive that can stop in the middle of a package, for as long as a test wants. */
export interface ArchiveServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** Of what is asked for of this package only the first half is sent, until it is let go. */
  hold(name: string): void;
  /** Whether somebody has got a half of a package that is held, and waits for the rest. */
  isHolding(name: string): boolean;
  /** Sends the rest, also to those who ask from now on. */
  letGo(name: string): void;
}

/**
 * Serves the tar files of a folder as an S3 bucket `raw` would. Without certificates what a network does to the bytes
 * reaches who reads them. Signatures are not looked at.
 */
export async function startArchiveServer(scope: Scope, folder: string, tls?: Certificates): Promise<ArchiveServer> {
  const held = new Map<string, { reached: boolean; gate: PromiseWithResolvers<void> }>();
  const listener: RequestListener = (request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  };
  const server = tls
    ? createTlsServer({ cert: await readFile(tls.serverCert), key: await readFile(tls.serverKey) }, listener)
    : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.after(() => {
    for (const { gate } of held.values()) gate.resolve();
    server.closeAllConnections();
    server.close();
  });

  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    hold: (name) => void held.set(name, { reached: false, gate: Promise.withResolvers() }),
    isHolding: (name) => held.get(name)?.reached ?? false,
    letGo: (name) => held.get(name)?.gate.resolve(),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = decodeURIComponent(/^\/raw\/([^/?]+)\.tar/.exec(request.url ?? "")?.[1] ?? "");
    const file = await open(join(folder, `${name}.tar`));
    try {
      const { size } = await file.stat();
      const headers = { etag: `"${name}"`, "accept-ranges": "bytes" };
      if (request.method === "HEAD") {
        response.writeHead(200, { ...headers, "content-length": size }).end();
        return;
      }
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      const [start, end] = [Number(first), Math.min(Number(last), size - 1)];
      const bytes = Buffer.alloc(end - start + 1);
      await file.read(bytes, 0, bytes.length, start);
      const range = `bytes ${start}-${end}/${size}`;
      response.writeHead(206, { ...headers, "content-length": bytes.length, "content-range": range });
      await send(response, bytes, held.get(name));
    } finally {
      await file.close();
    }
  }
}

async function send(
  response: ServerResponse,
  bytes: Buffer,
  holding: { reached: boolean; gate: PromiseWithResolvers<void> } | undefined,
): Promise<void> {
  if (holding === undefined) return void response.end(bytes);
  const half = bytes.length >> 1;
  response.write(bytes.subarray(0, half), () => {
    holding.reached = true;
  });
  await holding.gate.promise;
  response.end(bytes.subarray(half));
}
