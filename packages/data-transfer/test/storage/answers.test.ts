import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { test } from "node:test";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";
import { SourceUnreachable } from "../../src/errors/source.ts";
import { httpsStorage } from "../../src/storage/https.ts";
import { s3Storage } from "../../src/storage/s3.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { retryAfter } from "../../src/storage/translate-http-error.ts";
import { withRetry } from "../../src/storage/with-retry.ts";
import { answerOf, type RawServer, startRawServer } from "./raw-server.ts";
import { collect } from "./storage.conformance.ts";

const never = new AbortController().signal;
const bytes = randomBytes(1000);
const pin = { etag: '"one"', size: bytes.length };
const range = { start: 100, end: 300 };

/** What a server may answer to a request for bytes 100 to 299, and what is to be said of it. */
const answers: Record<string, { lines: string[]; body?: Uint8Array; code: string; retried: boolean; web?: "read" }> = {
  "another version": {
    ...part({ etag: '"two"' }),
    ...{ code: "CDT-OBJECT-CHANGED", retried: false },
  },
  "no version at all": { ...part({ etag: undefined }), code: "CDT-OBJECT-CHANGED", retried: false },
  "a version that is weakly the same": { ...part({ etag: 'W/"one"' }), code: "CDT-OBJECT-CHANGED", retried: false },
  "another size": {
    ...part({ "content-range": "bytes 100-299/1001" }),
    ...{ code: "CDT-OBJECT-CHANGED", retried: false },
  },
  "that the condition fails": { lines: ["HTTP/1.1 412 no"], code: "CDT-OBJECT-CHANGED", retried: false },
  "that it is shorter": { lines: ["HTTP/1.1 416 no"], code: "CDT-OBJECT-CHANGED", retried: false },
  "another range": {
    ...part({ "content-range": "bytes 0-199/1000" }),
    ...{ code: "CDT-SOURCE-UNREACHABLE", retried: true },
  },
  "a range that begins elsewhere": {
    ...part({ "content-range": "bytes 99-299/1000" }),
    ...{ code: "CDT-SOURCE-UNREACHABLE", retried: true },
  },
  "no range": { ...part({ "content-range": undefined }), code: "CDT-SOURCE-UNREACHABLE", retried: true },
  "the whole object": {
    lines: ["HTTP/1.1 200 OK", 'etag: "one"', "content-length: 1000"],
    body: bytes,
    ...{ code: "CDT-SOURCE-UNREACHABLE", retried: true, web: "read" },
  },
  "a short body as a success": {
    ...part({ "content-length": "150" }),
    body: bytes.subarray(100, 250),
    ...{ code: "CDT-SHORT-OBJECT", retried: true },
  },
  "a body that breaks off": {
    ...part({}),
    body: bytes.subarray(100, 250),
    code: "CDT-SOURCE-UNREACHABLE",
    retried: true,
  },
  "a longer body than the range": {
    ...part({ "content-length": "201" }),
    body: bytes.subarray(100, 301),
    ...{ code: "CDT-LONG-OBJECT", retried: false },
  },
  "a longer body than announced": {
    ...part({}),
    body: bytes.subarray(100, 301),
    ...{ code: "CDT-LONG-OBJECT", retried: false },
  },
  "a compressed body": {
    ...part({ "content-encoding": "gzip" }),
    ...{ code: "CDT-SOURCE-MISCONFIGURED", retried: false },
  },
  "that it is busy": { lines: ["HTTP/1.1 429 slower"], code: "CDT-SOURCE-UNREACHABLE", retried: true },
  "that it is out of order": { lines: ["HTTP/1.1 503 later"], code: "CDT-SOURCE-UNREACHABLE", retried: true },
  "that there is no such object": { lines: ["HTTP/1.1 404 no"], code: "CDT-OBJECT-MISSING", retried: false },
  "that it is not for us": { lines: ["HTTP/1.1 403 no"], code: "CDT-SOURCE-FORBIDDEN", retried: false },
  "nothing that is HTTP": { lines: ["220 smtp.example ESMTP"], code: "CDT-SOURCE-UNREACHABLE", retried: true },
  "a success that was not asked for": { lines: ["HTTP/1.1 204 OK"], code: "CDT-SOURCE-UNREACHABLE", retried: true },
};

for (const [kind, open] of Object.entries({ "an S3 store": onS3, "a web server": onWeb })) {
  for (const [what, { lines, body = "", code, retried, web }] of Object.entries(answers)) {
    const read = web === "read" && kind === "a web server";
    const expected = read ? "its part is read" : `${code}, ${retried ? "and tried again" : "at once"}`;
    test(`${kind} that answers ${what}: ${expected}`, async (t) => {
      const server = await startRawServer(t, (socket) => void socket.end(answerOf(lines, body)));
      const storage = open(server);
      t.after(() => storage.close());
      const reading = collect(storage.read("x", range, pin, never));
      if (read) return assert.ok((await reading).equals(bytes.subarray(100, 300)));
      await assert.rejects(reading, (error) => error instanceof DataTransferError && error.code === code);

      let retries = 0;
      const policy = { attempts: 2, firstDelay: 1, maxDelay: 1, report: () => void retries++ };
      await assert.rejects(collect(withRetry(policy, storage).read("x", range, pin, never)));
      assert.equal(retries > 0, retried);
    });
  }

  test(`${kind} that sends all of it in chunks is read`, async (t) => {
    const { lines } = part({ "content-length": undefined, "transfer-encoding": "chunked" });
    const server = await startRawServer(t, (socket: Socket) => {
      socket.write(answerOf(lines, "64\r\n"));
      socket.write(bytes.subarray(100, 200));
      socket.write("\r\n64\r\n");
      socket.write(bytes.subarray(200, 300));
      socket.write("\r\n0\r\n\r\n");
    });
    const storage = open(server);
    t.after(() => storage.close());
    for (let round = 0; round < 3; round++) {
      assert.ok((await collect(storage.read("x", range, pin, never))).equals(bytes.subarray(100, 300)));
    }
    assert.equal(server.made, 1);
  });
}

test("an object that S3 calls aws-chunked is read: that is how it was uploaded, not what is sent", async (t) => {
  const { lines } = part({ "content-encoding": "aws-chunked" });
  const server = await startRawServer(t, (socket) => void socket.end(answerOf(lines, bytes.subarray(100, 300))));
  const storage = onS3(server);
  t.after(() => storage.close());
  assert.ok((await collect(storage.read("x", range, pin, never))).equals(bytes.subarray(100, 300)));
});

test("every request asks for the bytes as they are, for its range and for the pinned version", async (t) => {
  let asked = "";
  const server = await startRawServer(t, (socket, head) => {
    asked = head;
    socket.end(answerOf(part({}).lines, bytes.subarray(100, 300)));
  });
  const storage = onS3(server);
  t.after(() => storage.close());
  await collect(storage.read("x", range, pin, never));
  for (const line of [
    "GET /bucket/x HTTP/1.1",
    "accept-encoding: identity",
    "range: bytes=100-299",
    'if-match: "one"',
  ]) {
    assert.ok(asked.split("\r\n").includes(line), asked);
  }
  assert.match(asked, /authorization: AWS4-HMAC-SHA256 Credential=AK\/\d{8}\/default\/s3\/aws4_request/);
  assert.doesNotMatch(asked, /hidden/);
});

test("what a server says of when to come back: seconds, or a date by its own clock", async (t) => {
  const said = (fields: Record<string, string>) => retryAfter(new Map(Object.entries(fields)));
  assert.equal(said({ "retry-after": "7" }), 7000);
  const date = "Wed, 21 Oct 2015 07:28:00 GMT";
  assert.equal(said({ "retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", date }), 30_000);
  assert.equal(said({ "retry-after": "Wed, 21 Oct 2015 07:27:30 GMT", date }), 0);
  assert.equal(said({ "retry-after": "Wed, 21 Oct 2015 07:28:30 GMT" }), undefined);
  assert.equal(said({ "retry-after": "soon", date }), undefined);
  assert.equal(said({}), undefined);

  const server = await startRawServer(t, (socket) => {
    socket.end(answerOf(["HTTP/1.1 503 later", "retry-after: 12", "content-length: 0"]));
  });
  for (const storage of [onS3(server), onWeb(server)]) {
    t.after(() => storage.close());
    await assert.rejects(
      storage.stat("x", never),
      (error) => error instanceof SourceUnreachable && error.retryAfter === 12_000 && error.facts.status === 503,
    );
  }
});

test("a web server that tells neither version nor length is refused", async (t) => {
  for (const lines of [["content-length: 5"], ['etag: "1"'], ['etag: W/"1"', "content-length: 5"]]) {
    const server = await startRawServer(t, (socket) => void socket.end(answerOf(["HTTP/1.1 200 OK", ...lines])));
    const storage = onWeb(server);
    t.after(() => storage.close());
    await assert.rejects(storage.stat("x", never), { code: "CDT-SOURCE-MISCONFIGURED" });
  }
});

/** An answer that is right, but for what is changed. */
function part(changes: Record<string, string | undefined>): { lines: string[]; body: Uint8Array } {
  const fields: Record<string, string | undefined> = {
    ...{ etag: '"one"', "content-range": "bytes 100-299/1000", "content-length": "200" },
    ...changes,
  };
  const lines = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return { lines: ["HTTP/1.1 206 Partial Content", ...lines], body: bytes.subarray(100, 300) };
}

function onS3({ endpoint }: RawServer): Storage {
  const keys = { region: "default", accessKey: "AK", secretKey: "hidden" };
  return s3Storage({ endpoint, bucket: "bucket", prefix: "", ...keys });
}

function onWeb({ endpoint }: RawServer): Storage {
  return httpsStorage({ base: `${endpoint}/bucket/`, allowedOrigins: "any" });
}
