import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { startCeph, type TestCeph, withoutCeph } from "../../../../testing/ceph.ts";
import { ObjectMissing, SourceForbidden, SourceMisconfigured } from "../../src/errors/source.ts";
import { readParallel } from "../../src/storage/read-parallel.ts";
import { type S3StorageOptions, s3Storage } from "../../src/storage/s3.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { withRetry } from "../../src/storage/with-retry.ts";
import { withStallLimit } from "../../src/storage/with-stall-limit.ts";
import { failsOnce } from "../storage/faulty-storage.ts";
import { inParts } from "../storage/in-parts.ts";
import { type StorageUnderTest, testStorage } from "../storage/storage.conformance.ts";

const skip = withoutCeph();
const retry = { attempts: 5, firstDelay: 1, maxDelay: 5 };
const never = new AbortController().signal;
let ceph: TestCeph;
let buckets = 0;

const ends: (() => void | Promise<void>)[] = [];
before(async () => {
  if (!skip) ceph = await startCeph({ after: (work) => void ends.push(work) });
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

testStorage("Ceph", () => inBucket((storage) => storage), { skip });
testStorage("Ceph with retry and stall limit", () => inBucket((s3) => withRetry(retry, withStallLimit(60, s3))), {
  skip,
});
testStorage(
  "Ceph, cut now and then, with retry",
  () => inBucket((s3) => withRetry(retry, failsOnce([0, 1, 99_999, 1024 * 1024, 3 * 1024 * 1024], s3))),
  { skip },
);

testStorage("Ceph in parallel parts", () => inBucket(inParts), { skip });

test("wrong keys, and a bucket that is not there, are told apart from a missing object", { skip }, async (t) => {
  const bucket = await ceph.createBucket("refusals");
  const ask = async (change: Partial<S3StorageOptions>) => {
    const storage = s3Storage({ ...options(bucket), ...change });
    t.after(() => storage.close());
    await storage.read("key", { start: 0 }, { etag: '"1"', size: 1 }, never)[Symbol.asyncIterator]().next();
  };
  await assert.rejects(ask({ secretKey: "wrong" }), {
    constructor: SourceForbidden,
    message: /secret key does not fit/,
  });
  await assert.rejects(ask({ accessKey: "nobody" }), { constructor: SourceForbidden, message: /does not know/ });
  await assert.rejects(ask({ bucket: "nowhere" }), SourceMisconfigured);

  // The answer to a HEAD, with which every read of a package begins, has no words of its own.
  const look = async (change: Partial<S3StorageOptions>) => {
    const storage = s3Storage({ ...options(bucket), ...change });
    t.after(() => storage.close());
    await storage.stat("key", never);
  };
  await assert.rejects(look({ secretKey: "wrong" }), {
    constructor: SourceForbidden,
    message: /secret key does not fit/,
  });
  await assert.rejects(look({ bucket: "nowhere" }), SourceMisconfigured);
  await assert.rejects(look({}), ObjectMissing);
});

test("neither name nor errors hold the secret key", { skip }, async (t) => {
  const bucket = await ceph.createBucket("secrets");
  const storage = s3Storage({ ...options(bucket), secretKey: "super-secret-value" });
  t.after(() => storage.close());
  await assert.rejects(storage.stat("key", never), (error) => {
    assert.ok(error instanceof SourceForbidden);
    assert.doesNotMatch(JSON.stringify(error), /super-secret-value/);
    assert.doesNotMatch(storage.name, /super-secret-value/);
    return true;
  });
});

test("a large object comes in bounded memory", { skip }, async (t) => {
  const bucket = await ceph.createBucket("large");
  const bytes = randomBytes(256 * 1024 * 1024);
  await ceph.client.send(new PutObjectCommand({ Bucket: bucket, Key: "large", Body: bytes }));
  const storage = s3Storage(options(bucket));
  t.after(() => storage.close());
  const pin = await storage.stat("large", never);
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  let at = 0;
  for await (const chunk of readParallel(storage, "large", { start: 0 }, pin, never)) {
    assert.ok(bytes.subarray(at, at + chunk.length).equals(chunk));
    at += chunk.length;
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  assert.equal(at, bytes.length);
  assert.ok(most < 128 * 1024 * 1024, `${most} bytes in buffers`);
});

async function inBucket(decorate: (storage: Storage) => Storage): Promise<StorageUnderTest> {
  const bucket = await ceph.createBucket(`bucket-${++buckets}`);
  return {
    storage: decorate(s3Storage(options(bucket))),
    async put(key, bytes) {
      await ceph.client.send(new PutObjectCommand({ Bucket: bucket, Key: `packages/${key}`, Body: bytes }));
    },
  };
}

function options(bucket: string): S3StorageOptions {
  const { endpoint, region, accessKeyId, secretAccessKey } = ceph;
  const prefix = bucket.startsWith("bucket-") ? "packages/" : "";
  return { endpoint, region, bucket, prefix, accessKey: accessKeyId, secretKey: secretAccessKey };
}
