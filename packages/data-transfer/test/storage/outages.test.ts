import assert from "node:assert/strict";
import { test } from "node:test";
import { SourceUnreachable } from "../../src/errors/source.ts";
import { HttpFailure } from "../../src/storage/http/http-failure.ts";
import { translateDiskError } from "../../src/storage/translate-disk-error.ts";
import { translateHttpError, translateStatus } from "../../src/storage/translate-http-error.ts";

const asked = { storage: "s3", key: "package" };
const errno = (code: string) => Object.assign(new Error(code), { code, errno: -1, syscall: "read" });

test("nobody listens, no such host, no connection in time: the archive is away, and nothing is said of the object", () => {
  for (const code of ["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH"]) {
    assert.equal(isOutage(translateHttpError(errno(code), asked)), true, code);
  }
  const failures = { "connect-timeout": true, closed: true, protocol: false, surplus: false } as const;
  for (const [code, expected] of Object.entries(failures)) {
    const failure = new HttpFailure(code as keyof typeof failures, "it says so");
    assert.equal(isOutage(translateHttpError(failure, asked)), expected, code);
  }
});

test("who stands before an archive says that it is away; a 500 may be about one object", () => {
  for (const [status, expected] of [
    [408, true],
    [429, true],
    [502, true],
    [503, true],
    [504, true],
    [500, false],
  ] as const) {
    assert.equal(isOutage(translateStatus(status, new Map(), asked)), expected, String(status));
  }
});

test("a network file system's server is away; EIO may be a damaged disk", () => {
  for (const [code, expected] of [
    ["ESTALE", true],
    ["ETIMEDOUT", true],
    ["EHOSTDOWN", true],
    ["EIO", false],
  ] as const) {
    assert.equal(isOutage(translateDiskError(errno(code), "disk", "package")), expected, code);
  }
});

function isOutage(error: unknown): boolean {
  assert.ok(error instanceof SourceUnreachable, String(error));
  return error.isOutage;
}
