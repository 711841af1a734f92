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
  /** Whether somebody has got the first half of a package and waits for the rest. */
  reached(): boolean;
  /** From now on everything is sent, also to those who wait. */
  open(): void;
}

const bucket = "raw";
const key = "key of the archive";
const secret = "secret of the gated archive";

/**
 * Serves the tar files of the production's archive folder over HTTPS. The first half of the first package that is asked
 * for comes at once, the rest when the gate is opened; who asks meanwhile waits, too. Makes the settings that a worker
 * needs to read there.
 */
export async function startGatedArchive(scope: Scope, production: Production): Promise<GatedArchive> {
  const { archive, settings } = production;
  const tls: Certificates = await makeCertificates(join(production.folder, "gated"), {});
  let reached = false;
  const gate = Promise.withResolvers<void>();
  const server = createServer(
    { cert: await readFile(tls.serverCert), key: await readFile(tls.serverKey) },
    (request, response) =>
      void answer(request, response).catch((error: Error) => {
        response.destroy(error);
      }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.after(() => {
    gate.resolve();
    server.closeAllConnections();
    server.close();
  });

  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
    open: () => gate.resolve(),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = /^\/raw\/([^/?]+)/.exec(request.url ?? "")?.[1];
    const bytes = await readFile(join(archive, decodeURIComponent(name ?? "")));
    const headers = { etag: `"${name}"`, "accept-ranges": "bytes" };
    if (request.method === "HEAD") {
      response.writeHead(200, { ...headers, "content-length": bytes.length }).end();
      return;
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const part = bytes.subarray(Number(first), Number(last) + 1);
    const range = `bytes ${first}-${last}/${bytes.length}`;
    response.writeHead(206, { ...headers, "content-length": part.length, "content-range": range });
    const half = Math.floor(part.length / 2);
    response.write(part.subarray(0, half), () => {
      reached = true;
    });
    await gate.promise;
    response.end(part.subarray(half));
  }
}
