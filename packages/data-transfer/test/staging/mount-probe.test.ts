import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pino } from "pino";
import type { Scope } from "../../../../testing/scope.ts";
import { mountSmallDisk, withoutMounting } from "../../../../testing/small-disk.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { type StorageFailed, StorageStalled } from "../../src/errors/destination.ts";
import { createMountProbe, type MountProbeOptions } from "../../src/staging/mount-probe.ts";
import { createProbeProcess } from "../../src/storage/probe-process.ts";
import { lastFirst } from "../world/cleaning.ts";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";
import { until } from "../world/until.ts";
import { probeChildren } from "./probe-children.ts";

const silent = pino({ level: "silent" });

async function probeOf(scope: Scope, more: Partial<MountProbeOptions> = {}) {
  const root = await temporaryDirectory(scope);
  const path = join(root, "staged");
  await mkdir(path);
  const told: string[] = [];
  const onLook = (error: StorageStalled | StorageFailed | undefined) => void told.push(error?.code ?? "answers");
  const options = { path, root, writes: true, deadline: 20, every: 3600, log: silent, onLook, ...more };
  const probe = createMountProbe(options);
  scope.after(() => probe.stop());
  return { probe, path, root, told };
}

test("a file system that is well answers what is free, and nothing stays behind", async (t) => {
  const { probe, path, told } = await probeOf(lastFirst(t));
  const [room, same] = await Promise.all([probe.look(), probe.look()]);
  assert.equal(room, same, "who asks at the same time is given the same answer");
  assert.ok(room.bytes! > 0);
  await probe.look();
  assert.deepEqual(told, ["answers", "answers"]);
  assert.deepEqual(await readdir(path), []);
  assert.equal(probeChildren().length, 1, "one process for all looks");
  probe.stop();
  await until("the process has ended", async () => probeChildren().length === 0);
});

test("it writes through no link, and nothing where a place is still to be made", async (t) => {
  const scope = lastFirst(t);
  const elsewhere = await temporaryDirectory(scope);
  const { root } = await probeOf(scope);
  const before = await stat(elsewhere, { bigint: true });
  for (const name of ["link", "missing"]) {
    if (name === "link") await symlink(elsewhere, join(root, name));
    const { probe } = await probeOf(scope, { path: join(root, name), root });
    assert.ok((await probe.look()).bytes! > 0);
  }
  assert.deepEqual(await readdir(root), ["link", "staged"]);
  assert.equal((await stat(elsewhere, { bigint: true })).mtimeNs, before.mtimeNs, "nothing came and went there");
});

test("one that is full, or read-only, answers", { skip: withoutMounting() }, async (t) => {
  const scope = lastFirst(t);
  const { probe, path } = await probeOf(scope);
  const disk = await mountSmallDisk(scope, path, 4096);
  assert.equal((await probe.look()).bytes, 4096);
  await disk.readOnly();
  assert.equal((await probe.look()).bytes, 4096);
});

test("one that does not answer within the deadline is given up, and whoever watches is told", async (t) => {
  const { probe, told } = await probeOf(lastFirst(t), { deadline: 20 });
  await probe.look();
  const short = await probeOf(lastFirst(t), { deadline: 1, every: 0.2 });
  const before = probeChildren();
  await short.probe.look();
  const [child] = probeChildren().filter((pid) => !before.includes(pid));
  process.kill(child!, "SIGSTOP");
  const watch = short.probe.watch();
  const aborted = once(watch.signal, "abort");
  await assert.rejects(short.probe.look(), StorageStalled);
  await aborted;
  assert.ok(watch.signal.reason instanceof StorageStalled);
  watch.end();
  await until("it was well again", async () => short.told.at(-1) === "answers");
  assert.ok(short.told.includes("CDT-STORAGE-STALLED"));
  assert.deepEqual(told, ["answers"], "another mount is not concerned");
  assert.ok(!probeChildren().includes(child!), "the process that was given up is gone");
});

test("one that hangs is looked at until it is well, though nobody watches", async (t) => {
  const { probe, told } = await probeOf(lastFirst(t), { deadline: 1, every: 0.2 });
  await probe.look();
  process.kill(probeChildren()[0]!, "SIGSTOP");
  await assert.rejects(probe.look(), StorageStalled);
  await until("it was well again", async () => told.at(-1) === "answers");
  const looks = told.length;
  await probe.look();
  assert.equal(told.length, looks + 1);
});

test("whoever cannot wait that long is told sooner, and nothing is given up for it", async (t) => {
  const { probe, told } = await probeOf(lastFirst(t));
  await probe.look();
  const [child] = probeChildren();
  process.kill(child!, "SIGSTOP");
  await assert.rejects(probe.look(0.3), StorageStalled);
  process.kill(child!, "SIGCONT");
  await probe.look();
  assert.ok(!told.includes("CDT-STORAGE-STALLED"));
  assert.deepEqual(probeChildren(), [child]);
});

test("while a process hangs that cannot be killed, no other one is sent after it", async (t) => {
  const scope = lastFirst(t);
  const { path, root } = await probeOf(scope);
  // A process in the middle of a call on a stuck mount hears no SIGKILL; this one is not sent any.
  const process_ = createProbeProcess({ path, root, writes: true, kill: () => {} });
  scope.after(() => process_.stop());
  await process_.ask(20);
  const [child, ...others] = probeChildren();
  assert.deepEqual(others, []);
  process.kill(child!, "SIGSTOP");
  await assert.rejects(process_.ask(0.3), StorageStalled);
  for (let i = 0; i < 3; i++) await assert.rejects(process_.ask(20), StorageStalled);
  assert.deepEqual(probeChildren(), [child]);
  process.kill(child!, "SIGKILL");
  await until("the next one is sent", async () => {
    const answer = await process_.ask(20).catch(() => undefined);
    return answer?.statfs !== undefined;
  });
});

test("the process is given no secret, and is ended when nobody asks", async (t) => {
  const scope = lastFirst(t);
  const { path, root } = await probeOf(scope);
  process.env.CCAT_DATA_TRANSFER_REDIS__PASSWORD = "in the environment";
  scope.after(() => void delete process.env.CCAT_DATA_TRANSFER_REDIS__PASSWORD);
  const one = createProbeProcess({ path, root, writes: true, idle: 300 });
  await one.ask(20);
  const [child] = probeChildren();
  const environment = await readFile(`/proc/${child}/environ`, "utf8");
  const names = environment
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => line.split("=")[0]!);
  const known = ["LD_LIBRARY_PATH", "TZ", "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE"];
  assert.deepEqual(
    names.filter((name) => !known.includes(name)),
    [],
  );
  await until("it has ended", async () => probeChildren().length === 0);
  assert.notEqual(await one.ask(20), undefined);
});

test("a probe that dies is no reason to wait: the next look begins another one", async (t) => {
  const { probe, told } = await probeOf(lastFirst(t));
  await probe.look();
  process.kill(probeChildren()[0]!, "SIGSTOP");
  const answer = probe.look();
  process.kill(probeChildren()[0]!, "SIGKILL");
  assert.ok((await answer).bytes! > 0);
  await probe.look();
  assert.deepEqual(told, ["answers", "answers", "answers"]);
});

test("a package whose mount hangs gives its slot back at once, is counted no failure, and follows when it answers", async (t) => {
  const world = await startWorld(t, { settings: { "staging.probe_timeout": "2s", "staging.probe_interval": "200ms" } });
  const [stuck, next] = await world.archive.put(aPackage(), aPackage());
  let hangs = true;
  const reached = Promise.withResolvers<void>();
  await world.startWorker({
    serves: ["ramses_processing"],
    around: (storage) => ({
      ...storage,
      async *read(key, range, pin, signal) {
        if (hangs) {
          hangs = false;
          reached.resolve();
          // A call that does not end, and hears no signal.
          await new Promise(() => {});
        }
        yield* storage.read(key, range, pin, signal);
      },
    }),
  });
  await world.startManager();
  await world.request([stuck]);
  await reached.promise;
  for (const pid of probeChildren()) process.kill(pid, "SIGSTOP");
  const staged = await world.untilItem(stuck, "was staged, an hour before its next attempt", (item) => {
    return item.status === "completed";
  });
  assert.deepEqual([staged.attempt, staged.failures], [2, 0]);
  await world.request([next]);
  await world.workUntilIdle();
  await world.expect({ staged: [stuck, next], leftOver: "nothing" });
});
