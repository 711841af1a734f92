import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { removeTree } from "../../src/bundle/remove-tree.ts";
import { verifyTree } from "../../src/bundle/verify-tree.ts";
import { aPackage, type PackageWorld } from "./a-package.ts";
import { attemptPaths } from "./attempt-paths.ts";

const skip = without("strace");
const never = new AbortController().signal;
const timeout = 600_000;

for (const call of ["mkdir", "openat", "pwrite64", "fsync", "syncfs", "close", "rename", "chmod"]) {
  test(`killed at any ${call}: nothing is visible, or the whole package; the next attempt brings it`, {
    skip,
    timeout,
  }, async (t) => {
    const world = await aSmallPackage(t);
    let attempt = 0;
    let kills = 0;
    for (let when = 1; ; when++) {
      const { killed, says } = await attemptUnder(world, `${call}:signal=KILL:when=${when}`, call, ++attempt);
      if (!killed) {
        assert.equal(says, "done");
        break;
      }
      kills += 1;
      if ((await readdir(world.staged)).includes("package")) await assertWhole(world);
      else {
        const { says } = await attemptUnder(world, undefined, call, ++attempt);
        assert.equal(says, "done", `after a kill at ${call} number ${when}`);
        await assertIntact(world);
      }
      for (const name of await readdir(world.staged)) await removeTree(join(world.staged, name));
      attempt = 0;
    }
    t.diagnostic(`${kills} kills`);
    assert.ok(kills > 0, "it was never killed");
  });
}

const faults: [call: string, errno: string, code: string, kind: string][] = [
  ["pwrite64", "ENOSPC", "CDT-NO-SPACE", "space"],
  ["pwrite64", "EDQUOT", "CDT-NO-SPACE", "space"],
  ["pwrite64", "EIO", "CDT-STORAGE-FAILED", "transient"],
  ["pwrite64", "ESTALE", "CDT-STORAGE-FAILED", "transient"],
  ["fsync", "ENOSPC", "CDT-NO-SPACE", "space"],
  ["fsync", "EDQUOT", "CDT-NO-SPACE", "space"],
  ["fsync", "EIO", "CDT-STORAGE-FAILED", "transient"],
  ["syncfs", "ENOSPC", "CDT-NO-SPACE", "space"],
  ["syncfs", "EDQUOT", "CDT-NO-SPACE", "space"],
  ["syncfs", "EIO", "CDT-STORAGE-FAILED", "transient"],
  ["mkdir", "EROFS", "CDT-DESTINATION-NOT-WRITABLE", "configuration"],
  ["mkdir", "ENOSPC", "CDT-NO-SPACE", "space"],
  ["rename", "EXDEV", "CDT-CROSS-DEVICE", "configuration"],
  ["rename", "EIO", "CDT-STORAGE-FAILED", "transient"],
  ["rename", "ENOSPC", "CDT-NO-SPACE", "space"],
];

for (const [call, errno, code, kind] of faults) {
  test(`${errno} from any ${call} is ${code}, leaves nothing behind, and passes with its cause`, {
    skip,
    timeout,
  }, async (t) => {
    const world = await aSmallPackage(t);
    let failures = 0;
    for (let when = 1; ; when++) {
      const { says } = await attemptUnder(world, `${call}:error=${errno}:when=${when}`, call, 1);
      const visible = (await readdir(world.staged)).filter((name) => !name.startsWith("package"));
      assert.deepEqual(visible, [], `after ${errno} from ${call} number ${when}`);
      if (says === "done") break;
      failures += 1;
      assert.equal(says, `${code} ${kind}`);
      // What fails after the rename (syncing the parent, the list of sums) leaves it visible, whole, and to be adopted.
      if ((await readdir(world.staged)).includes("package")) await assertWhole(world);
      for (const name of await readdir(world.staged)) await removeTree(join(world.staged, name));
    }
    t.diagnostic(`${failures} failures`);
    assert.ok(failures > 0, "it never failed");
    await assertIntact(world);
  });
}

test("a file system that refuses to sync directories is warned of, once, and works", { skip, timeout }, async (t) => {
  const world = await aSmallPackage(t);
  await removeTree(dirname(world.staged));
  const directories = [
    dirname(dirname(world.staged)),
    dirname(world.staged),
    world.staged,
    join(world.staged, ".staging-1-1"),
    join(world.staged, ".staging-1-1/tree"),
    join(world.staged, ".staging-1-1/tree/folder"),
  ];
  const { says, errors } = await attemptUnder(world, "fsync:error=EINVAL", "fsync", 1, directories);
  assert.equal(says, "done");
  assert.equal(errors.match(/CDT-NO-DIRECTORY-FSYNC/g)?.length, 1, errors);
  await assertIntact(world);
});

async function aSmallPackage(t: TestContext): Promise<PackageWorld> {
  const world = await aPackage(t, { files: { "a.fits": randomBytes(3000), "folder/b.fits": randomBytes(100) } });
  await writeFile(join(world.tarPath, "../manifest.json"), JSON.stringify(world.manifest));
  return world;
}

/** Runs an attempt; `inject` as strace takes it, applied to calls on paths below the destination, and to descriptors there. */
async function attemptUnder(
  world: PackageWorld,
  inject: string | undefined,
  call: string,
  attempt: number,
  where = attemptPaths(world, attempt),
) {
  const folder = join(world.tarPath, "..");
  const program = [process.execPath, join(import.meta.dirname, "unpack-child.ts"), folder, String(attempt)];
  const paths = where.flatMap((path) => ["-P", path]);
  const strace = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${call}`, ...paths, "-e", `inject=${inject}`];
  const command = inject === undefined ? program : ["strace", ...strace, ...program];
  const env = {
    ...process.env,
    // strace counts by thread: with one for all file-system calls it counts them all.
    UV_THREADPOOL_SIZE: "1",
    ...(call === "syncfs" && { SYNCED_ALONE: "0" }),
  };
  const child = spawn(command[0] as string, command.slice(1), { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text;
  });
  child.stderr.on("data", (text: Buffer) => {
    errors += text;
  });
  const [code, signal] = await once(child, "close");
  const killed = signal === "SIGKILL" || code === 137;
  const [ready, says = ""] = output.trim().split("\n");
  assert.equal(ready, "ready", `${code} ${signal} ${errors}`);
  if (!killed) assert.equal(code, 0, errors);
  return { killed, says, errors };
}

/** The package, its sums, and nothing else. */
async function assertIntact(world: PackageWorld): Promise<void> {
  assert.deepEqual((await readdir(world.staged)).sort(), ["package", "package.xxh64"]);
  await assertWhole(world);
}

async function assertWhole({ staged, manifest }: PackageWorld): Promise<void> {
  const report = await verifyTree(join(staged, "package"), manifest, { signal: never });
  assert.deepEqual(report.differences, []);
}
