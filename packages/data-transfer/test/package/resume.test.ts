import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { Scope } from "../../../../testing/scope.ts";
import { treeOf } from "../bundle/tree.ts";
import { type ObjectServer, startObjectServer } from "./object-server.ts";
import { aPackageWorld, expectRefused, type PackageWorld, run, start } from "./world.ts";

const MiB = 1024 * 1024;

interface Begun extends PackageWorld {
  server: ObjectServer;
  url: string;
  command: string[];
}

/** A package on a server that sends the first part of it only. */
async function aServedPackage(t: Scope): Promise<Begun> {
  const files = Object.fromEntries(
    Array.from({ length: 24 }, (_, index) => [`folder-${index % 3}/${index}.fits`, randomBytes(MiB + index)]),
  );
  const world = await aPackageWorld(t, files);
  const server = await startObjectServer(t, world.bytes);
  server.openTo(8 * MiB);
  const url = `${server.origin}/raw/package.tar`;
  return { ...world, server, url, command: ["package", "fetch", url, world.dest, "--output", "json"] };
}

/** The one directory that lies beside the destination. */
async function privateDirectory(parent: string): Promise<string> {
  const names = (await readdir(parent)).filter((name) => name !== "dest");
  assert.equal(names.length, 1, names.join(", "));
  assert.match(names[0]!, /^\.package-/);
  return join(parent, names[0]!);
}

/** Lets more come, bit by bit, until something of it has been noted for a later run. */
async function untilNoted({ server, parent }: Begun): Promise<void> {
  const deadline = performance.now() + 60_000;
  await server.reached();
  const size = async () => (await stat(join(await privateDirectory(parent), "journal"))).size;
  const before = await size();
  for (let gate = 9; (await size()) < before + 200; gate = Math.min(gate + 1, 20)) {
    assert.ok(performance.now() < deadline, "nothing was noted");
    server.openTo(gate * MiB);
    await wait(300);
  }
}

async function expectWhole({ dest, parent, files }: PackageWorld): Promise<void> {
  assert.deepEqual(await readdir(parent), ["dest"]);
  for (const [path, bytes] of Object.entries(files)) assert.ok(bytes.equals(await readFile(join(dest, path))), path);
  const found = Object.entries(await treeOf(dest)).filter(([, what]) => what !== "directory");
  assert.equal(found.length, Object.keys(files).length);
}

const openFor = (server: ObjectServer) => {
  server.openTo(Number.POSITIVE_INFINITY);
  server.sent = 0;
};

test("a fetch that was killed goes on from what it had, and reads no more than the rest", async (t) => {
  const begun = await aServedPackage(t);
  const { server, command, parent, bytes } = begun;
  const fetching = start(t, command);
  await untilNoted(begun);
  fetching.kill("SIGKILL");
  await fetching.ended;
  assert.equal((await stat(await privateDirectory(parent))).mode & 0o7777, 0o700);
  openFor(server);
  const { code, stdout, stderr } = await run(t, command);
  assert.equal(code, 0, stderr);
  const { resumed_bytes: resumed } = JSON.parse(stdout) as { resumed_bytes: number };
  assert.ok(resumed > 2 * MiB, `${resumed} bytes were left`);
  assert.equal(server.sent, bytes.length - resumed);
  await expectWhole(begun);
});

test("after Ctrl-C it says where the beginning lies, and the same command goes on from there", async (t) => {
  const begun = await aServedPackage(t);
  const { server, command, parent, bytes, dest, manifest } = begun;
  const fetching = start(t, [...command.slice(0, 4), "--manifest", manifest]);
  await untilNoted(begun);
  fetching.kill("SIGINT");
  const { code, stderr } = await fetching.ended;
  assert.equal(code, 2, stderr);
  assert.match(stderr, /interrupted by SIGINT \[CDT-INTERRUPTED\]/);
  const left = await privateDirectory(parent);
  assert.ok(stderr.includes(`what has come lies in ${left}; the same command goes on from there`), stderr);
  openFor(server);
  const again = await run(t, [...command, "--manifest", manifest]);
  assert.equal(again.code, 0, again.stderr);
  assert.ok(server.sent < bytes.length - 2 * MiB, `${server.sent} bytes were read again`);
  await expectWhole(begun);
  assert.equal((await run(t, ["package", "unpack", begun.tar, dest])).code, 0);
});

test("what a network has left behind that is gone for good is kept, too", async (t) => {
  const begun = await aServedPackage(t);
  const { server, command, bytes, parent } = begun;
  server.faults = ["cut", 503, 503];
  server.openTo(Number.POSITIVE_INFINITY);
  const env = { CCAT_DATA_TRANSFER_STORAGE__RETRIES: "0" };
  const broken = await run(t, [...command.slice(0, 4), "--concurrency", "1"], { env });
  assert.equal(broken.code, 2, broken.stderr);
  assert.match(broken.stderr, /\[CDT-SOURCE-UNREACHABLE\]\ntry: run the same command again/);
  await privateDirectory(parent);
  openFor(server);
  server.faults = [];
  assert.equal((await run(t, command)).code, 0);
  assert.ok(server.sent < bytes.length - 2 * MiB, `${server.sent} bytes were read again`);
  await expectWhole(begun);
});

test("another version of the package is read from its beginning", async (t) => {
  const begun = await aServedPackage(t);
  const { server, command, bytes } = begun;
  const fetching = start(t, command);
  await untilNoted(begun);
  fetching.kill("SIGINT");
  await fetching.ended;
  openFor(server);
  server.etag = '"two"';
  const { code, stdout, stderr } = await run(t, command);
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as { resumed_bytes: number }).resumed_bytes, 0);
  assert.equal(server.sent, bytes.length);
  await expectWhole(begun);
});

test("what was changed meanwhile is not believed", async (t) => {
  const begun = await aServedPackage(t);
  const { server, command, parent } = begun;
  const fetching = start(t, command);
  await untilNoted(begun);
  fetching.kill("SIGINT");
  await fetching.ended;
  const first = join(await privateDirectory(parent), "tree/folder-0/0.fits");
  const bytes = await readFile(first);
  bytes[1000]! ^= 1;
  await writeFile(first, bytes);
  openFor(server);
  const { code, stderr } = await run(t, command);
  assert.equal(code, 0, stderr);
  await expectWhole(begun);
});

test("a package that is refused in its second half leaves nothing of the first", async (t) => {
  const begun = await aServedPackage(t);
  const { server, command, parent, bytes, manifest } = begun;
  const fetching = start(t, command);
  await untilNoted(begun);
  fetching.kill("SIGINT");
  await fetching.ended;
  openFor(server);
  server.bytes = Buffer.from(bytes);
  server.bytes[bytes.length - MiB]! ^= 1;
  await expectRefused(await run(t, [...command.slice(0, 4), "--manifest", manifest]), "CDT-CHECKSUM", parent);
});

test("with --no-resume it begins afresh, and what was left goes when the package is there", async (t) => {
  const begun = await aServedPackage(t);
  const { server, command, bytes, parent } = begun;
  const fetching = start(t, command);
  await untilNoted(begun);
  fetching.kill("SIGINT");
  await fetching.ended;
  await privateDirectory(parent);
  openFor(server);
  const { code, stdout } = await run(t, [...command, "--no-resume"]);
  assert.equal(code, 0);
  assert.equal((JSON.parse(stdout) as { resumed_bytes: number }).resumed_bytes, 0);
  assert.equal(server.sent, bytes.length);
  await expectWhole(begun);
});

test("of two that fetch the same the later goes on, and the earlier, stopped meanwhile, publishes nothing", async (t) => {
  const begun = await aServedPackage(t);
  const { server, command } = begun;
  const first = start(t, command);
  await untilNoted(begun);
  first.kill("SIGSTOP");
  openFor(server);
  const second = await run(t, command);
  assert.equal(second.code, 0, second.stderr);
  first.kill("SIGCONT");
  const { code, stderr } = await first.ended;
  assert.equal(code, stderr.includes("CDT-TARGET-EXISTS") ? 1 : 2, stderr);
  await expectWhole(begun);
});

test("what an unpacking left that was killed goes with the next one, wherever that reads from", async (t) => {
  const world = await aPackageWorld(t);
  const { parent, dest, tar, bytes } = world;
  const unpacking = start(t, ["package", "unpack", "-", dest]);
  unpacking.input.write(bytes.subarray(0, 6 * MiB));
  const deadline = performance.now() + 60_000;
  while ((await readdir(parent)).length === 0) {
    assert.ok(performance.now() < deadline, "nothing was begun");
    await wait(50);
  }
  unpacking.kill("SIGKILL");
  await unpacking.ended;
  await privateDirectory(parent);
  const { code, stderr } = await run(t, ["package", "unpack", tar, dest]);
  assert.equal(code, 0, stderr);
  await expectWhole(world);
});
