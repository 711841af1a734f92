import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { makeCertificates } from "../../../../testing/certificates.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { seedLocations } from "./packages.ts";
import type { Production } from "./production.ts";

/** A store in memory that is written to over HTTPS; it takes no note of signatures, Ceph does that elsewhere. */
export interface WritableS3 {
  readonly endpoint: string;
  /** By their keys. */
  readonly objects: Map<string, Buffer>;
  /** Keys that were put, in order, with those that were refused. */
  readonly puts: string[];
  /** Called for each object that is put, before it is looked whether there is one. */
  beforePut: (key: string) => void;
  /** Whether an object is kept, but the connection breaks instead of an answer. */
  silentAfter: (key: string) => boolean;
}

const secret = "secret of the writable archive";

/** Starts it and makes it the archive `cologne/lta`, with the settings that reading and writing there take. */
export async function startWritableArchive(scope: Scope, production: Production): Promise<WritableS3> {
  const place = { name: "lta", bucket: "raw", prefix: "raw data/" };
  const store = await startWritableS3(scope, production, place);
  await seedLocations(production, [
    {
      ...{ ...place, locationType: "long_term_archive", priority: 0, active: true },
      ...{ storageType: "s3", endpoint: store.endpoint, region: "default" },
    },
  ]);
  return store;
}

/** Starts it, with the settings that an archive of this name takes; the catalogue does not know it yet. */
export async function startWritableS3(
  scope: Scope,
  production: Production,
  { name, bucket, prefix }: { name: string; bucket: string; prefix: string },
): Promise<WritableS3> {
  const { settings } = production;
  const tls = await makeCertificates(join(production.folder, "store"), {});
  const objects = new Map<string, Buffer>();
  const server = createServer(
    { cert: await readFile(tls.serverCert), key: await readFile(tls.serverKey) },
    (request, response) =>
      void answer(request, response).catch((error: Error) => {
        response.destroy(error);
      }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });

  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const store: WritableS3 = { endpoint, objects, puts: [], beforePut: () => {}, silentAfter: () => false };
  settings.storage__allowed_endpoints = JSON.stringify([endpoint]);
  settings.storage__ca_file = tls.ca;
  settings[`s3__cologne_${name}__access_key`] = "key of the archive";
  settings[`s3__cologne_${name}__secret_key`] = secret;
  production.keepSecret(secret);
  return store;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(request.url ?? "");
    const folder = `/${bucket}/${prefix}`;
    const key = path.slice(folder.length);
    if (!path.startsWith(folder) || key === "")
      return void response.writeHead(404).end("<Error><Code>NoSuchBucket</Code></Error>");
    if (request.method === "PUT") return await put(key, request, response);
    const object = objects.get(key);
    if (object === undefined) return void response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
    const headers = { etag: `"${createHash("md5").update(object).digest("hex")}"`, "accept-ranges": "bytes" };
    if (request.method === "HEAD")
      return void response.writeHead(200, { ...headers, "content-length": object.length }).end();
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const part = object.subarray(Number(first), Number(last) + 1);
    const range = `bytes ${first}-${Number(first) + part.length - 1}/${object.length}`;
    response.writeHead(206, { ...headers, "content-length": part.length, "content-range": range }).end(part);
  }

  async function put(key: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    store.puts.push(key);
    store.beforePut(key);
    if (request.headers["x-amz-content-sha256"] !== createHash("sha256").update(body).digest("hex"))
      return void response.writeHead(400).end("<Error><Code>XAmzContentSHA256Mismatch</Code></Error>");
    if (request.headers["if-none-match"] === "*" && objects.has(key))
      return void response.writeHead(412).end("<Error><Code>PreconditionFailed</Code></Error>");
    objects.set(key, body);
    if (store.silentAfter(key)) return void response.destroy();
    response.writeHead(200, { etag: '"new"' }).end();
  }
}
