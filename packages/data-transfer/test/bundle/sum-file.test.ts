import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { without } from "../../../../testing/require-server.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { createHasher } from "../../src/bundle/hash.ts";
import { type FileSum, writeSumFile } from "../../src/bundle/sum-file.ts";
import { DestinationNotWritable } from "../../src/errors/destination.ts";

const run = promisify(execFile);
const names = [
  "plain",
  "with space",
  "-dash",
  "*star",
  " leading",
  "trailing ",
  "a/b/c",
  "ümlaut 日本",
  "back\\slash",
  "two\nlines",
];

for (const [algorithm, tool] of [
  ["xxh64", "xxhsum"],
  ["sha256", "sha256sum"],
] as const) {
  test(`the list beside a package is what ${tool} -c takes, for every name`, { skip: without("xxhsum") }, async (t) => {
    const directory = await temporaryDirectory(t);
    // Only newer versions of xxhsum know names that need escaping, and such names are refused in packages anyway.
    const lawful = names.filter((name) => tool === "sha256sum" || !/[\\\n]/.test(name));
    const sums: FileSum[] = [];
    const hasher = await createHasher(algorithm);
    for (const path of lawful) {
      const bytes = randomBytes(1000);
      await mkdir(dirname(join(directory, "package", path)), { recursive: true });
      await writeFile(join(directory, "package", path), bytes);
      hasher.reset();
      hasher.update(bytes);
      sums.push({ path, size: 1000, digest: hasher.digest() });
    }
    const list = join(directory, "package.sums");
    await writeSumFile(list, sums, "package");
    const { stdout } = await run(tool, ["-c", "package.sums"], { cwd: directory });
    assert.equal(stdout.split("\n").filter((line) => line.endsWith(": OK")).length, lawful.length, stdout);
    await appendFile(join(directory, "package/plain"), "x");
    await assert.rejects(run(tool, ["-c", "package.sums"], { cwd: directory }), {
      stdout: /plain: FAILED/,
    });
  });
}

test("a list replaces an older one in one step, leaves no draft, and does not write through a link", async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, "precious"), "untouched");
  await symlink(join(directory, "precious"), join(directory, "package.sums"));
  await writeSumFile(join(directory, "package.sums"), [{ path: "a", size: 1, digest: "0123456789abcdef" }]);
  assert.equal(await readFile(join(directory, "package.sums"), "utf8"), "0123456789abcdef  a\n");
  assert.equal(await readFile(join(directory, "precious"), "utf8"), "untouched");
  assert.deepEqual((await readdir(directory)).sort(), ["package.sums", "precious"]);
});

test("a list of a hundred thousand files is written whole", async (t) => {
  const directory = await temporaryDirectory(t);
  const sums = Array.from({ length: 100_000 }, (_, n) => ({ path: `file-${n}`, size: 1, digest: "0123456789abcdef" }));
  await writeSumFile(join(directory, "sums"), sums, "package");
  const lines = (await readFile(join(directory, "sums"), "utf8")).split("\n");
  assert.equal(lines.length, 100_001);
  assert.equal(lines[99_999], "0123456789abcdef  package/file-99999");
});

test("where it cannot be written, that is said", async (t) => {
  const directory = await temporaryDirectory(t);
  await assert.rejects(writeSumFile(join(directory, "missing/sums"), []), DestinationNotWritable);
});
