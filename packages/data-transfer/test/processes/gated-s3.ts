import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Certificates, makeCertificates } from "../../../../testing/certificates.ts";
import type { Scope } from "../../../../testing/scope.ts";
import type { LocationSeed } from "../../src/opsdb/locations.ts";
import type { Production } from "./production.ts";

/** An archive that speaks S3 and stops in the middle of a package, for as long as a test wants. */
export interface GatedArchive {
  readonly location: LocationSeed;
  /** Whether somebody has got all that the gate lets through of a package, and waits for the rest. */
  reached(): boolean;
  /** From now on so many bytes of a package are sent; a half at first. */
  openTo(bytes: number): void;
  /** From now on everything is sent, also to those who wait. */
  open(): void;
  /** From now on a half again, of what is not sent yet. */
  close(): void;
  /** How many bytes of a package have been sent, to all who asked together. */
  sent(name: string): number;
}

const bucket = "raw";
const key = "key of the archive";
const secret = "secret of the gated archive";

/**
 * Serves the tar files of the production's archive folder over HTTPS. Half of a package comes at once, the rest when the
 * gate is opened; whoever asks for a part of the rest waits, too. Makes the settings that a worker needs to read there.
 *
 * @param options.address  what it listens on, and what its certificate is good for
 */
export async function startGatedArchive(
  scope: Scope,
  production: Production,
  { address = "127.0.0.1" }: { address?: string } = {},
): Promise<GatedArchive> {
  const { archive, settings } = production;
  const tls: Certificates = await makeCertificates(join(production.folder, "gated"), { serverNames: [address] });
  let reached = false;
  let letThrough: number | undefined;
  let moved = Promise.withResolvers<void>();
  const sent = new Map<string, number>();
  const server = createServer(
    { cert: await readFile(tls.serverCert), key: await readFile(tls.serverKey) },
    (request, response) =>
      void answer(request, response).catch((error: Error) => {
        response.destroy(error);
      }),
  );
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  scope.after(() => {
    move(Number.POSITIVE_INFINITY);
    server.closeAllConnections();
    server.close();
  });

  const endpoint = `https://${address}:${(server.address() as AddressInfo).port}`;
  settings.storage__allowed_endpoints = JSON.stringify([endpoint]);
  settings.storage__ca_file = tls.ca;
  settings.s3__cologne_lta__access_key = key;
  settings.s3__cologne_lta__secret_key = secret;
  production.keepSecret(secret);
  return {
    location: {
      ...{ name: "lta", locationType: "long_term_archive", priority: 0, active: true },
      ...{ storageType: "s3", endpoint, bucket, prefix: "", region: "default" },
    },
    reached: () => reached,
    openTo: move,
    open: () => move(Number.POSITIVE_INFINITY),
    close: () => move(undefined),
    sent: (name) => sent.get(`${name}.tar`) ?? 0,
  };

  function move(bytes: number | undefined): void {
    letThrough = bytes;
    reached = false;
    moved.resolve();
    moved = Promise.withResolvers();
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = decodeURIComponent(/^\/raw\/([^/?]+)/.exec(request.url ?? "")?.[1] ?? "");
    const bytes = await readFile(join(archive, name));
    const headers = { etag: `"${name}"`, "accept-ranges": "bytes" };
    if (request.method === "HEAD") {
      response.writeHead(200, { ...headers, "content-length": bytes.length }).end();
      return;
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const end = Math.min(Number(last) + 1, bytes.length);
    const range = `bytes ${first}-${end - 1}/${bytes.length}`;
    response.writeHead(206, { ...headers, "content-length": end - Number(first), "content-range": range });
    for (let at = Number(first); at < end && !response.destroyed; ) {
      const gate = letThrough ?? Math.floor(bytes.length / 2);
      if (at >= gate) {
        reached ||= at === gate;
        await moved.promise;
        continue;
      }
      const piece = bytes.subarray(at, Math.min(end, gate, at + 64 * 1024));
      await new Promise((resolve) => response.write(piece, resolve));
      sent.set(name, (sent.get(name) ?? 0) + piece.length);
      at += piece.length;
    }
    response.end();
  }
}
