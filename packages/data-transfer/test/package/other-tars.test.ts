import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { without } from "../../../../testing/require-server.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { treeOf } from "../bundle/tree.ts";
import { run } from "./world.ts";

const execute = promisify(execFile);

const gnu = (format: string) => ["tar", "--create", `--format=${format}`, "--sort=name", "--file"];
const bsd = (format: string) => ["bsdtar", "-c", "--format", format, "-f"];

test("packages that GNU tar and bsdtar make of one tree are unpacked to that tree", {
  skip: without("bsdtar"),
}, async (t) => {
  const world = await temporaryDirectory(t);
  const source = join(world, "source");
  const files: Record<string, Buffer> = {
    "empty.fits": Buffer.alloc(0),
    "a/block.fits": randomBytes(512),
    "a/more.fits": randomBytes(100_001),
    [`${"long-folder-name/".repeat(9)}file-with-a-name-that-has-${"x".repeat(120)}.fits`]: randomBytes(77),
    "ümlaut/日本.fits": randomBytes(3),
  };
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(source, path)), { recursive: true });
    await writeFile(join(source, path), bytes);
    // Fractions of a second make both write pax headers.
    await utimes(join(source, path), 1e9 + 0.25, 1e9 + 0.25);
  }
  const names = (await readdir(source)).sort();
  const expected = await treeOf(source);
  const ofTree = await run(t, ["package", "manifest", source, "--algorithm", "both"]);
  assert.equal(ofTree.code, 0, ofTree.stderr);
  await writeFile(join(world, "m.json"), ofTree.stdout);

  const programs = [gnu("pax"), gnu("gnu"), bsd("pax"), bsd("gnutar")];
  for (const [index, [program, ...options]] of programs.entries()) {
    const [tar, dest] = [join(world, `${index}.tar`), join(world, `dest-${index}`)];
    await execute(program!, [...options, tar, ...names], { cwd: source, env: { ...process.env, LC_ALL: "C.UTF-8" } });
    const outcome = await run(t, ["package", "unpack", tar, dest, "--manifest", join(world, "m.json")]);
    assert.equal(outcome.code, 0, `${program} ${options.join(" ")}: ${outcome.stderr}`);
    assert.deepEqual(await treeOf(dest), expected);
    const again = await run(t, ["package", "manifest", tar, "--algorithm", "both"]);
    assert.equal(
      again.stdout.slice(again.stdout.indexOf('"files"')),
      ofTree.stdout.slice(ofTree.stdout.indexOf('"files"')),
    );
  }
});
