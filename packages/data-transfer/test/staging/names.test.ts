import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { PackedManifest } from "../../src/bundle/pack.ts";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";
import { layOut, readTree } from "../world/tree.ts";

for (const name of ["..", "../OUTSIDE", "/etc/OUTSIDE", "a/../../OUTSIDE", ".hidden", "back\\slash", "line\nbreak"]) {
  test(`a package that the database calls ${JSON.stringify(name)} is refused, and the next one is staged`, async (t) => {
    const world = await startWorld(t);
    const [hostile, good] = await world.archive.put(aPackage({ name }), aPackage());
    await world.request([hostile, good]);
    await world.workUntilIdle();
    await world.expect({
      staged: [good],
      failed: [{ package: hostile, code: "CDT-UNSAFE-NAME", reason: "misconfigured" }],
      leftOver: "nothing",
    });
  });
}

test("a package whose list of files leads outside is refused", async (t) => {
  const world = await startWorld(t);
  const [hostile] = await world.archive.put(aPackage({ catalogue: withFile("../../OUTSIDE") }));
  await world.request([hostile]);
  await world.workUntilIdle();
  await world.expect({
    failed: [{ package: hostile, code: "CDT-MANIFEST", reason: "misconfigured" }],
    leftOver: "nothing",
  });
});

const paths: readonly { what: string; path: (folder: string) => string }[] = [
  { what: "elsewhere", path: (folder) => join(folder, "elsewhere") },
  { what: "above the root by two dots", path: (folder) => `${folder}/scratch/processing/../../elsewhere` },
  { what: "back in the root by two dots", path: (folder) => `${folder}/scratch/other/../processing` },
  { what: "in a folder that begins like the root", path: (folder) => `${folder}/scratch-2` },
  { what: "relative", path: () => "scratch/processing" },
];

for (const { what, path } of paths) {
  test(`nothing is written to a location whose path is ${what}; another location's packages are staged`, async (t) => {
    const world = await startWorld(t, { processingPath: path });
    const [lost] = await world.archive.put(aPackage());
    await world.request([lost]);
    await world.workUntilIdle();
    await world.expect({
      pending: [{ package: lost, code: "CDT-PATH-OUTSIDE-ROOT", reason: "misconfigured" }],
      leftOver: "nothing",
      next: "spare_processing",
    });
  });
}

test("nothing is written, adopted or put aside through a link below the root", async (t) => {
  const world = await startWorld(t);
  const [lost, alike, other] = await world.archive.put(aPackage(), aPackage(), aPackage());
  const secret = join(world.folder, "archives", "secret");
  await layOut(join(secret, alike.name), alike);
  await layOut(join(secret, other.name), lost);
  const before = await readTree(secret);
  await symlink(secret, world.staged);
  await world.request([lost, alike, other]);
  await world.workUntilIdle();
  await world.expect({
    pending: [lost, alike, other].map((one) => {
      return { package: one, code: "CDT-PATH-OUTSIDE-ROOT", reason: "misconfigured" };
    }),
    leftOver: [alike.name, other.name],
    next: "spare_processing",
  });
  t.assert.deepEqual(await readTree(secret), before);
});

function withFile(path: string): (truth: PackedManifest) => PackedManifest {
  return (truth) => ({ ...truth, files: [...truth.files, { path, size: 0, checksums: [] }] });
}
