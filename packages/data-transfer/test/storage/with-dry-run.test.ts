import assert from "node:assert/strict";
import { test } from "node:test";
import pino from "pino";
import { ObjectChanged, ObjectMissing, ReadNotMade } from "../../src/errors/source.ts";

import { s3Storage } from "../../src/storage/s3.ts";
import { withDryRun } from "../../src/storage/with-dry-run.ts";
import { startObjectServer } from "./object-server.ts";
import { collect } from "./storage.conformance.ts";

const never = new AbortController().signal;

test("a dry run learns all but the bytes: size, version, whether it is there, and what would be read", async (t) => {
  const { endpoint, put, requests } = await startObjectServer(t);
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
  const keys = { region: "default", accessKey: "AK", secretKey: "SK" };
  const storage = withDryRun(log, s3Storage({ endpoint, bucket: "bucket", prefix: "", ...keys }));
  t.after(() => storage.close());
  await put("package", Buffer.from("twelve bytes"));
  const pin = await storage.stat("package", never);
  assert.equal(pin.size, 12);
  await assert.rejects(
    collect(storage.read("package", { start: 2 }, pin, never)),
    (error) => error instanceof ReadNotMade && error.facts.bytes === 10 && error.kind === "cancelled",
  );
  assert.match(lines.join(""), /"key":"package","start":2,"bytes":10/);
  assert.ok(
    requests.every((request) => request.startsWith("HEAD ")),
    requests.join("\n"),
  );

  await put("package", Buffer.from("other bytes!"));
  await assert.rejects(collect(storage.read("package", { start: 2 }, pin, never)), ObjectChanged);
  await assert.rejects(collect(storage.read("nothing", { start: 2 }, pin, never)), ObjectMissing);
});
