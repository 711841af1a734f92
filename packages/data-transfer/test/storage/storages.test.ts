import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import pino from "pino";
import type { Scope } from "../../../../testing/scope.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { diskStorage } from "../../src/storage/disk.ts";
import { httpsStorage } from "../../src/storage/https.ts";
import { asSource, type ReadingOptions } from "../../src/storage/open-archive.ts";
import { s3Storage } from "../../src/storage/s3.ts";
import { SlabPool, slabSize } from "../../src/storage/slab-pool.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { withLog } from "../../src/storage/with-log.ts";
import { type StorageObserver, withMetrics } from "../../src/storage/with-metrics.ts";
import { RateLimit, withRateLimit } from "../../src/storage/with-rate-limit.ts";
import { withRetry } from "../../src/storage/with-retry.ts";
import { withStallLimit } from "../../src/storage/with-stall-limit.ts";
import { failsOnce } from "./faulty-storage.ts";
import { inParts } from "./in-parts.ts";
import { memoryStorage } from "./memory-storage.ts";
import { type ObjectServerOptions, startObjectServer } from "./object-server.ts";
import { type StorageUnderTest, testStorage } from "./storage.conformance.ts";

const retry = { attempts: 5, firstDelay: 1, maxDelay: 5 };
const silent = pino({ level: "silent" });
const unobserved: StorageObserver = { received() {}, ended() {} };
const reading: ReadingOptions = {
  ...{ retry, stallLimit: 60, log: silent, observer: unobserved },
  ...{ rateLimit: new RateLimit(1e9), connections: 4, partSize: 700_000, slabs: new SlabPool(3 * slabSize) },
};

testStorage("disk", (t) => onDisk(t, (storage) => storage));
testStorage("disk with retry", (t) => onDisk(t, (storage) => withRetry(retry, storage)));
testStorage("disk with stall limit", (t) => onDisk(t, (storage) => withStallLimit(60, storage)));
testStorage("disk with log", (t) => onDisk(t, (storage) => withLog(silent, storage)));
testStorage("disk with all of them", (t) =>
  onDisk(t, (storage) => withRetry(retry, withLog(silent, withStallLimit(60, storage)))),
);
testStorage("a disk that fails now and then, with retry", (t) =>
  onDisk(t, (storage) => withRetry(retry, failsOnce([0, 1, 4, 99_999, 1024 * 1024, 3 * 1024 * 1024], storage))),
);

testStorage("disk with metrics", (t) => onDisk(t, (storage) => withMetrics(unobserved, storage)));
testStorage("disk with rate limit", (t) => onDisk(t, (storage) => withRateLimit(new RateLimit(1e9), storage)));
testStorage("disk in parallel parts", (t) => onDisk(t, inParts));
testStorage("memory", async () => inMemory());
testStorage("memory in parallel parts", async () => {
  const { storage, put } = inMemory();
  return { storage: inParts(storage), put };
});

testStorage("S3", (t) => onS3(t, (storage) => storage));
testStorage("S3 with all of them", (t) =>
  onS3(t, (storage) => withRetry(retry, withLog(silent, withStallLimit(60, storage)))),
);
testStorage("S3, cut now and then, with retry", (t) =>
  onS3(t, (storage) => withRetry(retry, failsOnce([0, 1, 4, 99_999, 1024 * 1024, 3 * 1024 * 1024], storage))),
);
testStorage("S3 in parallel parts", (t) => onS3(t, inParts));
testStorage("S3 as an archive is opened", (t) => onS3(t, (storage) => inParts(asSource(storage, reading))));
testStorage("S3, cut now and then, as an archive is opened", (t) =>
  onS3(t, (storage) => inParts(asSource(failsOnce([0, 1, 4, 99_999, 1024 * 1024, 3 * 1024 * 1024], storage), reading))),
);
testStorage("a web server in parallel parts", (t) => onWeb(t, {}, inParts));
testStorage("a web server", (t) => onWeb(t, {}));
testStorage("a web server that tells versions by their time", (t) => onWeb(t, { etags: false }));
testStorage("a web server that sends whole objects only", (t) => onWeb(t, { ranges: false }));
testStorage("a web server that does neither better", (t) => onWeb(t, { etags: false, ranges: false }));

function inMemory(): StorageUnderTest {
  const objects: Record<string, Uint8Array> = {};
  return {
    storage: memoryStorage(objects, 50_000),
    async put(key, bytes) {
      objects[key] = Uint8Array.from(bytes);
    },
  };
}

async function onS3(t: Scope, decorate: (storage: Storage) => Storage): Promise<StorageUnderTest> {
  const { endpoint, put } = await startObjectServer(t);
  const keys = { region: "default", accessKey: "AK", secretKey: "SK" };
  return { storage: decorate(s3Storage({ endpoint, bucket: "bucket", prefix: "", ...keys })), put };
}

async function onWeb(
  t: Scope,
  options: ObjectServerOptions,
  decorate: (storage: Storage) => Storage = (storage) => storage,
): Promise<StorageUnderTest> {
  const { endpoint, put } = await startObjectServer(t, options);
  return { storage: decorate(httpsStorage({ base: `${endpoint}/bucket/`, allowedOrigins: [endpoint] })), put };
}

async function onDisk(t: Scope, decorate: (storage: Storage) => Storage): Promise<StorageUnderTest> {
  const root = await temporaryDirectory(t);
  let drafts = 0;
  return {
    storage: decorate(diskStorage({ root })),
    // As an archive does it: a new version is a new file.
    async put(key, bytes) {
      const draft = join(root, `.draft-${drafts++}`);
      await mkdir(dirname(join(root, key)), { recursive: true });
      await writeFile(draft, bytes);
      await rename(draft, join(root, key));
    },
  };
}
