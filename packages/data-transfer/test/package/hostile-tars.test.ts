import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { hostileTars } from "../bundle/hostile-tars.ts";
import { expectRefused, run, runHere } from "./world.ts";

test("every hostile tar is refused with its code, and leaves nothing, be it unpacked, fetched, verified or listed", async (t) => {
  const world = await temporaryDirectory(t);
  const [tar, parent] = [join(world, "hostile.tar"), join(world, "parent")];
  await mkdir(parent);
  assert.ok(hostileTars.length >= 60);
  for (const { what, bytes, code } of hostileTars) {
    await writeFile(tar, bytes);
    for (const command of [
      ["unpack", tar, join(parent, "dest")],
      ["fetch", tar, join(parent, "dest")],
      ["verify", tar],
      ["manifest", tar],
    ]) {
      const outcome = await runHere(t, ["package", ...command]);
      await expectRefused(outcome, code, parent).catch((error) => {
        throw new Error(`${what}, ${command[0]}: ${error.message}`, { cause: error });
      });
    }
    assert.deepEqual((await readdir(world)).sort(), ["hostile.tar", "parent"], what);
  }
});

test("a process of its own says so, too: on stderr for people, and as a document where that is asked for", async (t) => {
  const world = await temporaryDirectory(t);
  const [tar, dest] = [join(world, "hostile.tar"), join(world, "dest")];
  for (const what of [
    "a path that leaves",
    "a file twice",
    "noise",
    "a long name of 2 MiB",
    "an end in the middle of a body",
  ]) {
    const { bytes, code } = hostileTars.find((one) => one.what === what)!;
    await writeFile(tar, bytes);
    await expectRefused(await run(t, ["package", "unpack", tar, dest]), code, world, ["hostile.tar"]);
    const { code: exit, stdout } = await run(t, ["package", "unpack", "-", dest, "--output", "json"], { input: bytes });
    assert.equal(exit, 1);
    const { error } = JSON.parse(stdout) as { error: { code: string; facts: { offset: number } } };
    assert.equal(error.code, code);
    assert.equal(typeof error.facts.offset, "number");
    assert.deepEqual(await readdir(world), ["hostile.tar"]);
  }
});
