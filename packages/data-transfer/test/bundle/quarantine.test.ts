import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { asNobody } from "../../../../testing/as-nobody.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { holdDirectory, quarantine } from "../../src/bundle/quarantine.ts";
import { DestinationNotWritable } from "../../src/errors/destination.ts";

test("a quarantined tree lies beside its old place, each in a place of its own", async (t) => {
  const parent = await temporaryDirectory(t);
  const target = join(parent, "package");
  for (const number of [1, 2, 3]) {
    await mkdir(join(target, "folder"), { recursive: true });
    await writeFile(join(target, "folder/file"), String(number));
    const held = await holdDirectory(target);
    assert.equal(await quarantine(target, held), join(parent, `.quarantine-package-${number}`));
    await held.close();
  }
  assert.equal(await readFile(join(parent, ".quarantine-package-2/folder/file"), "utf8"), "2");
  assert.equal((await readdir(parent)).length, 3);
});

test("a tree that another attempt has published meanwhile under the damaged one's name stays where it is", async (t) => {
  const parent = await temporaryDirectory(t);
  const target = join(parent, "package");
  await mkdir(target);
  await writeFile(join(target, "file"), "damaged");
  const held = await holdDirectory(target);
  await rename(target, join(parent, ".put-aside-by-another"));
  await mkdir(target);
  await writeFile(join(target, "file"), "good");
  await quarantine(target, held);
  await held.close();
  assert.equal(await readFile(join(target, "file"), "utf8"), "good");
  assert.equal(await readFile(join(parent, ".quarantine-package-1/file"), "utf8"), "damaged");
});

test("where this user may not write, it is a matter for a person", async (t) => {
  const parent = await temporaryDirectory(t);
  await chmod(parent, 0o755);
  await mkdir(join(parent, "package"));
  await asNobody(async () => {
    const held = await holdDirectory(join(parent, "package"));
    await assert.rejects(quarantine(join(parent, "package"), held), DestinationNotWritable);
    await held.close();
  });
});
