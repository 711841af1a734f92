import assert from "node:assert/strict";
import { chmod, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { asNobody } from "../../../../testing/as-nobody.ts";
import { without } from "../../../../testing/require-server.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { mountSmallDisk, withoutMounting } from "../../../../testing/small-disk.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { createFolderFacts } from "../../src/checks/folder-facts.ts";
import { storageAnswers } from "../../src/checks/storage/answers.ts";
import { judgeMount, readMounts } from "../../src/checks/storage/mounted.ts";
import { storageWritable } from "../../src/checks/storage/writable.ts";
import type { DiskDataLocation } from "../../src/model/location.ts";
import { seedLocations } from "../processes/packages.ts";
import { startProduction, startServers } from "../processes/production.ts";
import { probeChildren } from "../staging/probe-children.ts";
import { lastFirst } from "../world/cleaning.ts";
import { checkUp } from "./checkup.ts";
import { findingOf, theFacts } from "./stand-ins.ts";

const options = { skip: without("redis-server", "openssl") || withoutMounting() };
const servers = options.skip ? undefined! : await startServers({ after });
const storage = ["--category", "storage"];

test("not mounted, read-only, too full, full", options, async (t) => {
  const scope = lastFirst(t);
  const production = await startProduction(scope, servers);
  const { root } = production;
  await seedLocations(production, []);

  const bare = await checkUp(production, storage);
  bare.says("storage-answers", "ok");
  // In a container this is fatal, on a machine of one's own it may be meant.
  assert.ok(["failure", "warning"].includes(bare.found.get("storage-mounted")!.result));

  const disk = await mountSmallDisk(scope, root, 8 << 20);
  const well = await checkUp(production, storage);
  assert.deepEqual([well.code, well.ids("failure", "warning")], [0, []]);
  well.says("storage-answers", "ok", /staged is made with the first package$/);
  well.says("storage-mounted", "ok", new RegExp(`^tmpfs of tmpfs at ${root}$`));
  assert.deepEqual(await readdir(root), [], "nothing was made, and nothing is left");

  await disk.readOnly();
  const fixed = await checkUp(production, storage);
  fixed.says("storage-writable", "failure", /^mkdir in .* fails with EROFS: it is mounted read-only$/);
  assert.deepEqual(fixed.ids("failure"), ["storage-writable"]);
  await disk.writable();

  await mkdir(join(root, "staged"));
  const short = await checkUp(production, storage, { staging__keep_free: "1 GiB" });
  short.says("storage-free", "failure", /staged has [78]\.\d MiB free, 1\.0 GiB are to be kept$/);
  short.says("storage-writable", "ok");
  await writeFile(join(root, "staged", "large"), Buffer.alloc(8 << 20));
  const full = await checkUp(production, storage, { staging__keep_free: "1 MiB" });
  full.says("storage-free", "failure", /has 0 bytes free, 1\.0 MiB are to be kept$/);
  full.says("storage-writable", "failure", /fails with ENOSPC: it is full$/);
  assert.deepEqual(await readdir(join(root, "staged")), ["large"]);
});

test(
  "a root that is not there, a path outside of it, a link; and without a database the root is looked at",
  options,
  async (t) => {
    const scope = lastFirst(t);
    const production = await startProduction(scope, servers);
    const { root, folder } = production;
    await seedLocations(production, []);
    await mountSmallDisk(scope, root, 8 << 20);

    const outside = await checkUp(production, storage, { staging__root: join(folder, "home") });
    outside.says("storage-path", "failure", /is not a place below .*home: it lies elsewhere/);
    const gone = await checkUp(production, storage, { staging__root: join(folder, "nowhere") });
    gone.says("storage-answers", "failure", /^there is no folder .*nowhere$/);
    gone.says("storage-writable", "not-run", /^storage-answers has failed$/);

    await symlink(folder, join(root, "staged"));
    const link = await checkUp(production, storage);
    link.says("storage-writable", "failure", /ELOOP: a part of its path is a link or a file$/);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith(".")),
      [],
    );

    const alone = await checkUp(production, storage, { database__port: "1" });
    alone.says("database-reachable", "failure");
    alone.says("storage-path", "not-run", /^database-reachable has failed$/);
    alone.says("storage-mounted", "ok");
    alone.says("storage-writable", "ok");
  },
);

async function aPlace(scope: Scope, more: object = {}) {
  const root = await temporaryDirectory(scope);
  const path = join(root, "staged");
  await mkdir(path);
  const staging = { root, probeTimeout: 20, fileMode: 0o640, dirMode: 0o2750, group: undefined, keepFree: 0, ...more };
  const folder = createFolderFacts(path, root, staging as never);
  scope.after(() => folder.stop());
  const place = { storageType: "disk", path: root, name: "here", site: { shortName: "one" } } as DiskDataLocation;
  const facts = theFacts({ settings: { staging }, places: async () => [place], folder: () => folder });
  return { path, folder, facts };
}

test("a mount that hangs is a verdict, and no hang", async (t) => {
  const { folder, facts } = await aPlace(lastFirst(t), { probeTimeout: 1 });
  await folder.look();
  folder.forget();
  // As a process is that waits for a server of NFS.
  for (const pid of probeChildren()) process.kill(pid, "SIGSTOP");
  const found = await findingOf(storageAnswers, facts);
  assert.equal(found.state, "problem");
  assert.match(found.words ?? "", /has not answered within 1 s$/);
  const other = await aPlace(lastFirst(t), { probeTimeout: 1 });
  const before = probeChildren();
  await other.folder.look();
  for (const pid of probeChildren()) if (!before.includes(pid)) process.kill(pid, "SIGSTOP");
  assert.match((await findingOf(storageWritable, other.facts)).words ?? "", /has not answered within 1 s$/);
});

test("a user who may not write is told so, with the call that failed", async (t) => {
  const scope = lastFirst(t);
  const { path, facts } = await aPlace(scope);
  await chmod(join(path, ".."), 0o755);
  await chmod(path, 0o555);
  const found = await asNobody(() => findingOf(storageWritable, facts));
  assert.match(found.words ?? "", /^mkdir in .*staged fails with EACCES: uid \d+, gid \d+ may not$/);
});

test("the group of staged data is one that this user may give files to", {
  skip: process.getuid?.() !== 0,
}, async (t) => {
  const scope = lastFirst(t);
  const { path, facts } = await aPlace(scope, { group: 12_345 });
  assert.equal((await findingOf(storageWritable, facts)).state, "ok");
  const other = await aPlace(scope, { group: 12_345 });
  await chmod(other.path, 0o777);
  await chmod(join(other.path, ".."), 0o755);
  const found = await asNobody(() => findingOf(storageWritable, other.facts));
  assert.match(found.words ?? "", /^chown in .* may not give files to the group of staging\.group$/);
  assert.deepEqual([...(await readdir(path)), ...(await readdir(other.path))], []);
});

test("what is mounted is told from the number of the device; a container's own file system is no place", () => {
  const lines = (root: string) =>
    readMounts(
      [
        `22 1 0:27 / / rw,relatime ${root} rw`,
        "31 22 0:45 /raw /data rw - nfs4 server:/pro\\040jects rw",
        "32 22 0:45 /data-other /data-other rw - nfs4 server:/pro\\040jects rw",
        "33 22 259:70000 / /scratch rw shared:1 master:2 - ext4 /dev/nvme0n1 rw",
        "34 22 0:45 /certs /etc/redis/certs ro - nfs4 server:/pro\\040jects ro",
        "",
      ].join("\n"),
    );
  const overlay = { device: 27, mounts: lines("- overlay overlay") };
  assert.deepEqual(judgeMount({ path: "/data/staged", device: 45 }, overlay), {
    state: "ok",
    words: "nfs4 of server:/pro jects at /data",
  });
  // As glibc's makedev(259, 70000) puts it together.
  const far = Number((259n << 8n) | (70_000n & 0xffn) | ((70_000n & ~0xffn) << 12n));
  assert.deepEqual(judgeMount({ path: "/scratch", device: far }, overlay), {
    state: "ok",
    words: "ext4 of /dev/nvme0n1 at /scratch",
  });
  const inside = judgeMount({ path: "/data/staged", device: 27 }, overlay);
  assert.equal(inside.state, "problem");
  assert.match(inside.words ?? "", /^\/data\/staged lies on the container's own file system/);
  const own = judgeMount({ path: "/data/staged", device: 27 }, { device: 27, mounts: lines("- ext4 /dev/sda1") });
  assert.equal(own.state, "warning");
});
