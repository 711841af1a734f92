/**
 * The little of S3 that reading a package takes, for a bench that must not measure an object store: HEAD and GET with
 * `Range`, path-style, over plain HTTP, without a look at signatures. A program of its own, so that its work does not
 * count as anybody else's.
 *
 *     node bench/object-server.ts FOLDER     # serves its files as /packages/NAME, and prints `listening on PORT`
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

const folder = process.argv[2];
if (folder === undefined) throw new Error("say which folder to serve");

const server = createServer((request, response) => {
  answer(request, response).catch((error: NodeJS.ErrnoException) => {
    if (response.headersSent) response.destroy();
    else response.writeHead(error.code === "ENOENT" ? 404 : 500).end();
  });
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`);
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = /^\/packages\/([\w-]+\.tar)(\?.*)?$/.exec(request.url ?? "")?.[1];
  if (name === undefined) return void response.writeHead(404).end();
  const path = join(folder as string, name);
  const { size, mtimeMs } = await stat(path);
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  const start = range ? Number(range[1]) : 0;
  const end = range ? Math.min(Number(range[2]), size - 1) : size - 1;
  response.writeHead(range ? 206 : 200, {
    "content-length": end - start + 1,
    etag: `"${size}-${Math.round(mtimeMs)}"`,
    ...(range && { "content-range": `bytes ${start}-${end}/${size}` }),
  });
  if (request.method === "HEAD") return void response.end();
  await pipeline(createReadStream(path, { start, end, highWaterMark: 1024 * 1024 }), response);
}
