import assert from "node:assert/strict";
import { test } from "node:test";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { startCeph, withoutCeph } from "../../ceph.ts";

test("Ceph's gateway keeps an object", { skip: withoutCeph(), timeout: 300_000 }, async (t) => {
  const ceph = await startCeph(t);
  const bucket = await ceph.createBucket("archive");
  await ceph.client.send(new PutObjectCommand({ Bucket: bucket, Key: "a/b", Body: "content" }));
  const answer = await ceph.client.send(new GetObjectCommand({ Bucket: bucket, Key: "a/b" }));
  assert.equal(await answer.Body?.transformToString(), "content");
});
