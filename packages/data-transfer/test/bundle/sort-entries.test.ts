import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { sortEntries } from "../../src/bundle/sort-entries.ts";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";

/** The same numbers each time, in no order. */
const keys = Array.from({ length: 5000 }, (_, index) => {
  const number = (index * 2654435761) % 5003;
  return number % 3 === 0 ? `ä/${number}` : number % 3 === 1 ? `\u{1F52D}${number}` : `\uFF5E "\n${number}`;
});
const inOrder = [...keys].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));

for (const [how, memory] of [
  ["in memory", 1e9],
  ["in some runs", 500_000],
  ["in very many runs", 3000],
] as const) {
  test(`entries come back in the order of their keys' bytes, sorted ${how}, and nothing stays on disk`, async (t) => {
    const folder = await temporaryDirectory(t);
    const sorted = sortEntries({ memory, folder });
    // Many at once, as a piece of a tar brings them, and each by itself.
    for (const key of keys.slice(0, 2500)) sorted.add(key, `text of ${key}`);
    for (const key of keys.slice(2500)) {
      await sorted.room();
      sorted.add(key, `text of ${key}`);
    }
    assert.deepEqual(await readdir(folder), [], "what is written has no name, so that a killed process leaves none");
    for (const _ of ["once", "and again"]) {
      assert.deepEqual(
        await Array.fromAsync(sorted.sorted()),
        inOrder.map((key) => `text of ${key}`),
      );
    }
    await sorted.close();
    assert.deepEqual(await readdir(folder), []);
  });
}

test("where there is no room for it, that is told", async (t) => {
  const sorted = sortEntries({ memory: 1000, folder: join(await temporaryDirectory(t), "none") });
  await assert.rejects(
    async () => {
      for (const key of keys) {
        sorted.add(key, key);
        await sorted.room();
      }
    },
    (error) => error instanceof DataTransferError && error.code === "CDT-DESTINATION-NOT-WRITABLE",
  );
  await sorted.close();
});
