import assert from "node:assert/strict";
import { readdir, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pino } from "pino";
import { TakenOver } from "../../src/errors/destination.ts";
import type { Consignment, StageOptions } from "../../src/staging/stage-package.ts";
import { stagePackage } from "../../src/staging/stage-package.ts";
import { aPackage } from "../bundle/a-package.ts";

test("several attempts that find their package there at the same time write a list each, and a whole one remains", async (t) => {
  // Long lists: each is begun on the disk while the tree is still being read.
  const files = Array.from({ length: 3000 }, (_, n) => [
    `folder/a-file-with-a-long-name-${n}.fits`,
    Buffer.from(`${n}`),
  ]);
  const { tarPath, staged, manifest } = await aPackage(t, { files: Object.fromEntries(files) });
  const target = join(staged, "package");
  await rename(join(dirname(tarPath), "package"), target);
  const consignment = {
    ...{ manifest, target, root: dirname(tarPath), sources: [], waivers: [], ours: true },
    room: { bytes: 0, files: 0 },
  } satisfies Partial<Consignment>;
  const options: StageOptions = {
    signal: new AbortController().signal,
    reserve: () => assert.fail("nothing is written"),
    onBytes: () => {},
    onLost: () => assert.fail("it is there"),
    log: pino({ enabled: false }),
  };
  const place = { archive: () => assert.fail("nothing is read"), modes: { file: 0o640, dir: 0o750 } };
  // Two attempts at one item, of which one was only frozen, and that of another job.
  const attempts = [
    { itemId: 1, attempt: 1 },
    { itemId: 1, attempt: 2 },
    { itemId: 2, attempt: 1 },
  ];
  const ended = await Promise.all(
    attempts.map((one) =>
      stagePackage(place, { ...consignment, ...one }, options).then(
        ({ alreadyThere, files }) => ({ alreadyThere, files }),
        (error: unknown) => error,
      ),
    ),
  );
  const [predecessor, ...others] = ended;
  const adopted = { alreadyThere: true, files: files.length };
  assert.deepEqual(others, [adopted, adopted]);
  // At its very end, when its list is there, it may find that the other attempt has taken its directory.
  if (!(predecessor instanceof TakenOver)) assert.deepEqual(predecessor, adopted);
  assert.deepEqual(await readdir(staged), ["package", "package.xxh64"]);
  const lines = (await readFile(`${target}.xxh64`, "utf8")).trimEnd().split("\n");
  const expected = manifest.files.map(({ path, checksums }) => `${checksums[0]?.digest}  package/${path}`);
  assert.deepEqual(lines.sort(), expected.sort());
});
