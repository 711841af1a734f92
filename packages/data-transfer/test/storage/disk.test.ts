import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFile, chmod, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { asNobody } from "../../../../testing/as-nobody.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { KeyRefused, ObjectChanged, SourceForbidden, SourceMisconfigured } from "../../src/errors/source.ts";
import { diskStorage } from "../../src/storage/disk.ts";
import { collect } from "./storage.conformance.ts";

const never = new AbortController().signal;

test("a key that is not a plain path below the archive is refused, whatever it leads to", async (t) => {
  const root = await temporaryDirectory(t);
  await mkdir(join(root, "archive"));
  await writeFile(join(root, "secret"), "not to be read");
  const storage = diskStorage({ root: join(root, "archive") });
  for (const key of ["../secret", "/etc/passwd", "a/../../secret", "", ".", "a//b", "a/./b", "a\0b", "a/"]) {
    await assert.rejects(storage.stat(key, never), KeyRefused, JSON.stringify(key));
  }
});

test("links below the archive are not followed, at its end or on the way; the archive's own path may be one", async (t) => {
  const root = await temporaryDirectory(t);
  await mkdir(join(root, "real/folder"), { recursive: true });
  await writeFile(join(root, "real/folder/package"), "bytes");
  await mkdir(join(root, "archive"));
  await symlink(join(root, "real/folder"), join(root, "archive/folder"));
  await symlink(join(root, "real/folder/package"), join(root, "archive/package"));
  const storage = diskStorage({ root: join(root, "archive") });
  await assert.rejects(storage.stat("package", never), KeyRefused);
  await assert.rejects(storage.stat("folder/package", never), KeyRefused);

  await symlink(join(root, "real"), join(root, "mounted-elsewhere"));
  const linked = diskStorage({ root: join(root, "mounted-elsewhere") });
  assert.equal((await linked.stat("folder/package", never)).size, 5);
});

test("what is no regular file is refused, and a pipe keeps nobody waiting", async (t) => {
  const root = await temporaryDirectory(t);
  await mkdir(join(root, "folder"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  const storage = diskStorage({ root });
  await assert.rejects(storage.stat("folder", never), KeyRefused);
  await assert.rejects(storage.stat("pipe", never), KeyRefused);
  await writeFile(join(root, "file"), "");
  await assert.rejects(storage.stat("file/below", never), KeyRefused);
});

test("an archive that is not mounted is told apart from a missing package", async (t) => {
  const root = await temporaryDirectory(t);
  await assert.rejects(diskStorage({ root: join(root, "nowhere") }).stat("package", never), SourceMisconfigured);
});

test("a file that is written to, or cut, while it is read is noticed at the latest at its end", async (t) => {
  const root = await temporaryDirectory(t);
  const path = join(root, "package");
  const storage = diskStorage({ root, chunkSize: 1000 });
  for (const change of [() => appendFile(path, "more"), () => writeFile(path, "x"), () => truncate(path, 2500)]) {
    await writeFile(path, Buffer.alloc(3000, 7));
    const pin = await storage.stat("package", never);
    const chunks = storage.read("package", { start: 0 }, pin, never)[Symbol.asyncIterator]();
    await chunks.next();
    await change();
    await assert.rejects(collect({ [Symbol.asyncIterator]: () => chunks }), ObjectChanged);
  }
});

test("a file that this user may not read is refused with the reason", async (t) => {
  const root = await temporaryDirectory(t);
  await chmod(root, 0o755);
  await writeFile(join(root, "package"), "bytes");
  await chmod(join(root, "package"), 0);
  await asNobody(() => assert.rejects(diskStorage({ root }).stat("package", never), SourceForbidden));
});

test("an archive that may be searched but not listed can be read", async (t) => {
  const root = await temporaryDirectory(t);
  await chmod(root, 0o711);
  await mkdir(join(root, "folder"));
  await writeFile(join(root, "folder/package"), "bytes");
  await chmod(join(root, "folder"), 0o711);
  await asNobody(async () => assert.equal((await diskStorage({ root }).stat("folder/package", never)).size, 5));
});

test("a large file is read into the same two buffers all the time", async (t) => {
  const root = await temporaryDirectory(t);
  const bytes = randomBytes(1_000_003);
  await writeFile(join(root, "large"), bytes);
  const storage = diskStorage({ root, chunkSize: 10_000 });
  const pin = await storage.stat("large", never);
  const memories = new Set<ArrayBufferLike>();
  let at = 0;
  for await (const chunk of storage.read("large", { start: 0 }, pin, never)) {
    assert.ok(bytes.subarray(at, at + chunk.length).equals(chunk));
    at += chunk.length;
    memories.add(chunk.buffer);
  }
  assert.equal(at, bytes.length);
  assert.equal(memories.size, 2);
});
