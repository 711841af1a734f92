import { open } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Scope } from "../../../../../testing/scope.ts";

/**
 * Serves the tar files of a folder as an S3 bucket `raw` would, over plain HTTP: what a network does to the bytes reaches
 * who reads them. Signatures are not looked at.
 */
export async function startPlainArchive(scope: Scope, folder: string): Promise<{ host: string; port: number }> {
  const server = createServer((request, response) => {
    answer(folder, request, response).catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

async function answer(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = decodeURIComponent(/^\/raw\/([^/?]+)/.exec(request.url ?? "")?.[1] ?? "");
  const file = await open(join(folder, name));
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
    response.writeHead(206, { ...headers, "content-length": bytes.length, "content-range": range }).end(bytes);
  } finally {
    await file.close();
  }
}
