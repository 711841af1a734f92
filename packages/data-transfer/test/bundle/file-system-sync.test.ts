import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { isKernelNewEnough, openFileSystemSync } from "../../src/bundle/file-system-sync.ts";

test("a file system is synced as often as that is asked for; a descriptor that is closed is an error with its code", async (t) => {
  const directory = await temporaryDirectory(t);
  const together = await openFileSystemSync(directory);
  assert.ok(together, `${directory} lies on a file system that is not relied on`);
  for (const name of ["a", "b"]) {
    await writeFile(join(directory, name), name);
    await together.sync();
  }
  await together.close();
  await assert.rejects(together.sync(), { code: "EBADF", syscall: "syncfs" });
});

test("a file system of which nothing is known is not relied on", async () => {
  assert.equal(await openFileSystemSync("/proc"), undefined);
});

test("a directory that is not there is an error", async (t) => {
  await assert.rejects(openFileSystemSync(join(await temporaryDirectory(t), "none")), { code: "ENOENT" });
});

for (const [version, expected] of [
  ["6.18.1-amd64", true],
  ["5.8.0", true],
  ["5.7.19", false],
  ["4.18.0-553.el8_10.x86_64", false],
  ["10.0", true],
  ["", false],
] as const) {
  test(`Linux ${version || "of no version"} ${expected ? "tells" : "does not tell"} of failed writes`, () => {
    assert.equal(isKernelNewEnough(version), expected);
  });
}
