import assert from "node:assert/strict";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { removeTree } from "../../src/bundle/remove-tree.ts";
import { unpackPackage } from "../../src/bundle/unpack.ts";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";
import { gnuCreate, gnuExtract } from "./gnu-tar.ts";
import { lenientManifest } from "./lenient-manifest.ts";
import { type Mutation, mutate, mutations } from "./mutate-tar.ts";
import { inChunks, treeOf } from "./tree.ts";

const signal = new AbortController().signal;
const modes = { file: 0o640, dir: 0o750 };
const formats = ["ustar", "pax", "gnu"] as const;
const long = `${"long-folder-".repeat(12)}/${"long-name-".repeat(12)}.fits`;
let world: string;
const ends: (() => void | Promise<void>)[] = [];
before(async () => {
  world = await temporaryDirectory({ after: (work) => void ends.push(work) });
});
after(async () => {
  for (const end of ends) await end();
});

for (const format of formats) {
  test(`a tar in GNU tar's format ${format} gives the same tree here and there`, async () => {
    const bytes = await sample(format, ["a/", "b", "empty", "ümlaut-日本", ...(format === "ustar" ? [] : [long])]);
    const { ours, theirs } = await unpackBoth(bytes);
    assert.ok(!(ours instanceof Error), String(ours));
    assert.equal(theirs.says, "");
    assert.deepEqual(ours, theirs.tree);
    assert.ok(Object.keys(ours).length >= 6);
  });
}

test("however a tar is changed: a coded refusal, or the tree that GNU tar makes of it", {
  timeout: 600_000,
}, async (t) => {
  const names = ["a/", "b", "empty"];
  const samples = [
    ...(await Promise.all(formats.map((format) => sample(format, names)))),
    ...(await Promise.all(formats.slice(1).map((format) => sample(format, [...names, long])))),
  ];
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  t.diagnostic(`seed ${seed} (SEED=${seed} repeats it)`);
  const counts = { accepted: 0, changed: 0, refused: 0 };
  const property = fc.asyncProperty(fc.nat(samples.length - 1), mutations(), async (which, changes: Mutation[]) => {
    const bytes = mutate(samples[which] as Buffer, changes);
    const { ours, theirs } = await unpackBoth(bytes);
    if (ours instanceof Error) {
      assert.ok(ours instanceof DataTransferError, ours.stack);
      counts.refused += 1;
      return;
    }
    assert.ok(theirs.content, `we take what GNU tar refuses: ${theirs.says}`);
    assert.deepEqual(ours, theirs.tree);
    counts.accepted += 1;
    if (!bytes.equals(samples[which] as Buffer)) counts.changed += 1;
  });
  await fc.assert(property, { seed, numRuns: Number(process.env.FUZZ_RUNS ?? 600), endOnFailure: false });
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.refused > 100 && counts.changed > 20, JSON.stringify(counts));
});

async function unpackBoth(bytes: Buffer) {
  const directory = await mkdtemp(join(world, "both-"));
  const [mine, gnus] = [join(directory, "ours"), join(directory, "theirs")];
  await mkdir(mine);
  await mkdir(gnus);
  try {
    const options = { source: inChunks(bytes, 1000), manifest: lenientManifest(bytes), into: mine, modes, signal };
    const refused = await unpackPackage(options).then(
      () => undefined,
      (error: Error) => error,
    );
    if (refused !== undefined) return { ours: refused, theirs: { content: false, says: "", tree: {} } };
    const said = await gnuExtract(bytes, gnus);
    return { ours: await treeOf(mine), theirs: { ...said, tree: await treeOf(gnus) } };
  } finally {
    await removeTree(directory);
  }
}

async function sample(format: (typeof formats)[number], names: string[]): Promise<Buffer> {
  const directory = await mkdtemp(join(world, "sample-"));
  for (const name of names) {
    const path = join(directory, name);
    await mkdir(name.endsWith("/") ? path : join(path, ".."), { recursive: true });
    if (!name.endsWith("/")) await writeFile(path, name === "empty" ? "" : name.repeat(70));
  }
  await mkdir(join(directory, "a/deeper"), { recursive: true });
  await writeFile(join(directory, "a/deeper/file.fits"), Buffer.alloc(3000, "data"));
  await writeFile(join(directory, "a/second.fits"), Buffer.alloc(512, "full"));
  return await gnuCreate(directory, format, [...new Set(names.map((name) => name.split("/")[0] as string))]);
}
