import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { without } from "../../../../testing/require-server.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { isKernelNewEnough, openFileSystemSync } from "../../src/bundle/file-system-sync.ts";

const run = promisify(execFile);

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

test("where the system forbids the call, it is not relied on", { skip: without("strace") }, async (t) => {
  const directory = await temporaryDirectory(t);
  const source = new URL("../../src/bundle/file-system-sync.ts", import.meta.url).href;
  const program = `import { openFileSystemSync } from "${source}"; console.log(await openFileSystemSync("${directory}"));`;
  const node = [process.execPath, "--input-type=module", "--eval", program];
  for (const [inject, said] of [
    [["-e", "inject=syncfs:error=EPERM"], /^undefined$/m],
    [["-e", "inject=syncfs:error=ENOSYS"], /^undefined$/m],
    [[], /sync: \[Function/],
  ] as const) {
    const { stdout } = await run("strace", ["-f", "-qq", "-o", "/dev/null", "-e", "trace=syncfs", ...inject, ...node]);
    assert.match(stdout, said);
  }
});
