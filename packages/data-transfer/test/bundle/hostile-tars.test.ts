import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { prepareDirectory } from "../../src/bundle/publish.ts";
import { removeTree } from "../../src/bundle/remove-tree.ts";
import { createTarReader } from "../../src/bundle/tar-reader.ts";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";
import type { SafetyRule } from "../../src/errors/package.ts";
import type { HostileTar } from "./hostile-tars/hostile-tar.ts";
import { hostileTars } from "./hostile-tars.ts";
import { nameRegister, unpackTar } from "./unpack-tar.ts";

const refusedSoFar = new Map<string, number>();

/** All that a tar can be refused for, but for what the catalogue says and for a link that only a waiver lets so far. */
const rules: Record<Exclude<SafetyRule, "hidden-package-name" | "link-escapes">, true> = {
  ...{ "absolute-path": true, "drive-letter": true, backslash: true, "dot-segment": true, "empty-segment": true },
  ...{ "control-character": true, "not-utf-8": true, "name-too-long": true, "path-too-long": true, "too-deep": true },
  ...{ "trailing-slash": true, "symbolic-link": true, "hard-link": true, device: true, fifo: true },
  ...{ "sparse-file": true, "unknown-type": true, "global-override": true, "pax-keyword": true },
  ...{ "file-used-as-directory": true },
};
const codes = [
  ...["CDT-DUPLICATE-MEMBER", "CDT-TAR-DAMAGED", "CDT-TAR-LIMIT"],
  ...Object.keys(rules).map((rule) => `CDT-UNSAFE-MEMBER ${rule}`),
];

for (const hostile of hostileTars) {
  const { what, bytes, code, rule } = hostile;
  test(`refused: ${what}`, async (t) => {
    const world = await temporaryDirectory(t);
    const parent = join(world, "location/staged");
    await mkdir(parent, { recursive: true });
    for (const chunk of [1, 511, 64 * 1024]) {
      if (chunk === 1 && bytes.length > 100_000) continue;
      assertRefusal(hostile, await readInChunks(bytes, chunk));
      const into = await prepareDirectory(parent, 1, 1);
      await assert.rejects(unpackTar(bytes, chunk, into), (error) => {
        assertRefusal(hostile, error);
        return true;
      });
      await removeTree(into);
      assert.deepEqual(await readdir(world, { recursive: true }), ["location", "location/staged"]);
      for (const place of ["/OUTSIDE", "/tmp/OUTSIDE", join(world, "../OUTSIDE")]) assert.ok(!existsSync(place), place);
    }
    const kind = rule === undefined ? code : `${code} ${rule}`;
    refusedSoFar.set(kind, (refusedSoFar.get(kind) ?? 0) + 1);
  });
}

test("there are at least 300 hostile tars, no two alike, and at least one for every rule", (t) => {
  const table = Object.fromEntries([...refusedSoFar].sort(([a], [b]) => (a < b ? -1 : 1)));
  for (const [kind, count] of Object.entries(table)) t.diagnostic(`${String(count).padStart(4)}  ${kind}`);
  t.diagnostic(`${String(hostileTars.length).padStart(4)}  hostile tars in all`);
  assert.deepEqual(
    Object.keys(table),
    codes.sort((a, b) => (a < b ? -1 : 1)),
  );
  assert.equal(
    Object.values(table).reduce((sum, count) => sum + count, 0),
    hostileTars.length,
  );
  assert.ok(hostileTars.length >= 300, `${hostileTars.length}`);
  assert.equal(new Set(hostileTars.map(({ what }) => what)).size, hostileTars.length);
  assert.equal(new Set(hostileTars.map(({ bytes }) => bytes.toString("base64"))).size, hostileTars.length);
});

/** What the reader, with the register of names behind it, says of a tar. */
async function readInChunks(bytes: Buffer, chunk: number): Promise<unknown> {
  const register = await nameRegister();
  const reader = createTarReader({ entry: (entry) => register.note(entry), data() {}, endOfFile() {} });
  try {
    for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk));
    reader.end();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** A coded refusal for the right reason, that says where: the byte, and the name, in print. */
function assertRefusal({ bytes, code, rule, nameless }: HostileTar, error: unknown): void {
  assert.ok(error instanceof DataTransferError, String(error));
  assert.equal(error.code, code, error.message);
  assert.equal(error.kind, "integrity");
  assert.equal(error.facts.rule, rule);
  const { offset, header, name, path } = error.facts;
  assert.ok(typeof offset === "number" && offset <= bytes.length, "no offset");
  if (header !== undefined) assert.ok(typeof header === "number" && header <= offset && header % 512 === 0);
  // Where the tar's size is known, what is missing at its end is told at the last entry.
  if (!nameless) assert.equal(typeof (name ?? path), "string", error.message);
  assert.match(error.message, /^[\x20-\x7e]+$/, "its sentence is not printable");
  assert.ok(error.message.length < 1000);
}
