import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import pino from "pino";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import {
  CredentialsMissing,
  EndpointNotAllowed,
  SourceMisconfigured,
  SourceUnreachable,
  StorageNotSupported,
} from "../../src/errors/source.ts";
import type { DataLocation, DiskDataLocation, S3DataLocation } from "../../src/model/location.ts";
import { type ArchiveOptions, asSource, openArchive } from "../../src/storage/open-archive.ts";
import { failsOnce } from "./faulty-storage.ts";
import { memoryStorage } from "./memory-storage.ts";

const never = new AbortController().signal;
const base = {
  id: 1,
  site: { id: 1, name: "Cologne", shortName: "cologne", location: "Cologne, Germany" },
  name: "archive",
  locationType: "long_term_archive",
  priority: 0,
  active: true,
  pauseMessage: undefined,
} as const;

test("a disk archive below an allowed folder is opened, with a log of what is read", async (t) => {
  const root = await temporaryDirectory(t);
  await writeFile(join(root, "package"), "bytes");
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const storage = openArchive(onDisk(root), options({ allowedRoots: [root] }, log));
  assert.equal((await storage.stat("package", never)).size, 5);
  assert.equal(storage.name, `disk:${root}`);
  assert.match(lines.join(""), /"key":"package","size":5/);
});

test("folders that nobody allowed are refused, however they are written", () => {
  for (const path of ["/archive-2/x", "/", "/archive/../etc", "archive", "/archive/./x", "/arch"]) {
    assert.throws(() => openArchive(onDisk(path), options({ allowedRoots: ["/archive"] })), EndpointNotAllowed, path);
  }
  openArchive(onDisk("/archive/x/"), options({ allowedRoots: ["/archive/"] }));
  openArchive(onDisk("/anything"), options({ allowedRoots: ["/"] }));
});

test("endpoints that nobody allowed are refused; scheme, host and port count", () => {
  const allowedEndpoints = ["https://s3.example.org", "http://127.0.0.1:8080/"];
  const refused = [
    "https://s3.example.org:444",
    "http://s3.example.org",
    "https://s3.example.org.evil.net",
    "https://s3.example.org@evil.net",
    "https://user:secret@s3.example.org",
    "https:user:secret@s3.example.org:not-a-port",
    "file:///etc/passwd",
    "s3.example.org",
  ];
  for (const endpoint of refused) {
    const refuse = () => openArchive(onS3(endpoint), options({ allowedEndpoints }));
    assert.throws(refuse, (error) => error instanceof EndpointNotAllowed && !error.message.includes("user:secret"));
  }
  openArchive(onS3("https://S3.example.org:443/"), options({ allowedEndpoints }));
});

test("an S3 archive without credentials, and a tape, are refused with what to do", () => {
  const allowedEndpoints = ["https://s3.example.org"];
  const nobody = { ...options({ allowedEndpoints }), credentialsOf: () => undefined };
  assert.throws(() => openArchive(onS3("https://s3.example.org"), nobody), CredentialsMissing);
  const tape: DataLocation = { ...base, storageType: "tape", path: "/tape" };
  assert.throws(() => openArchive(tape, options({})), StorageNotSupported);
});

test("an S3 endpoint that nobody listens at is unreachable, one that sends elsewhere is not followed", async (t) => {
  const visited: string[] = [];
  const server = createServer((request, response) => {
    visited.push(request.url ?? "");
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const redirected = openArchive(onS3(endpoint), options({ allowedEndpoints: [endpoint] }));
  await assert.rejects(redirected.stat("package", never), SourceMisconfigured);
  await assert.rejects(
    redirected.read("package", { start: 0 }, { etag: '"1"', size: 5 }, never)[Symbol.asyncIterator]().next(),
    SourceMisconfigured,
  );
  await redirected.close();
  assert.deepEqual(visited, ["/bucket/packages/package", "/bucket/packages/package"]);

  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const gone = openArchive(onS3(endpoint), options({ allowedEndpoints: [endpoint] }));
  await assert.rejects(
    gone.stat("package", never),
    (error) => error instanceof SourceUnreachable && error.isOutage && /ECONNREFUSED/.test(error.message),
  );
});

test("an archive that is busy is read with fewer parts at once from then on", async () => {
  const { reading } = options({});
  const busy = asSource(failsOnce([0], memoryStorage({ package: Buffer.alloc(10) })), { ...reading, connections: 4 });
  assert.equal(busy.parallel.concurrency?.limit, 2);
  await busy.stat("package", never);
  assert.equal(busy.parallel.concurrency?.limit, 1);
});

function onDisk(path: string): DiskDataLocation {
  return { ...base, storageType: "disk", host: undefined, path };
}

function onS3(endpoint: string): S3DataLocation {
  return { ...base, storageType: "s3", endpoint, bucket: "bucket", prefix: "packages/", region: "default" };
}

function options(
  allowed: Partial<Pick<ArchiveOptions, "allowedEndpoints" | "allowedRoots">>,
  log = pino({ level: "silent" }),
): ArchiveOptions {
  return {
    ...{ allowedEndpoints: [], allowedRoots: [], ...allowed },
    credentialsOf: () => ({ accessKey: "AK", secretKey: "SK" }),
    reading: { retry: { attempts: 2, firstDelay: 1, maxDelay: 1 }, stallLimit: 60, log },
  };
}
