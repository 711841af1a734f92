import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createTarReader,
  readTar,
  type TarEntry,
  type TarReaderOptions,
  tarLimits,
} from "../../src/bundle/tar-reader.ts";
import { TarDamaged, TarLimitExceeded } from "../../src/errors/package.ts";
import { directory, file, longName, member, pax, tar } from "./tar-forge.ts";
import { inChunks } from "./tree.ts";

test("the bytes of a member are handed on where they lie, whole or in pieces, and are never copied", () => {
  const body = Buffer.alloc(3000, "content");
  const bytes = tar(file("a", body), file("b", "x"));
  const parts: Uint8Array[] = [];
  const reader = createTarReader({ entry() {}, data: (part) => void parts.push(part), endOfFile() {} });
  reader.push(bytes.subarray(0, 1000));
  reader.push(bytes.subarray(1000, 2000));
  reader.push(bytes.subarray(2000));
  reader.end();
  assert.deepEqual(
    parts.map(({ byteOffset, length }) => [byteOffset - bytes.byteOffset, length]),
    [
      ...[
        [512, 488],
        [1000, 1000],
        [2000, 1512],
        [4096 + 0, 1],
      ],
    ],
  );
  assert.ok(parts.every(({ buffer }) => buffer === bytes.buffer));
});

test("every format gives the same entries", async () => {
  const path = `${"folder/".repeat(20)}file`;
  for (const first of [longName(path), pax({ path, mtime: "1.5", "SCHILY.xattr.user.a": "b", comment: "c" })]) {
    const bytes = tar(directory("d/"), pax({ comment: "all" }, "g"), first, file("cut", "contents"), file("é", ""));
    const entries: TarEntry[] = [];
    await readTar(inChunks(bytes, 700), { entry: (entry) => void entries.push(entry), data() {}, endOfFile() {} });
    assert.deepEqual(
      entries.map(({ kind, path, size }) => [kind, path, size]),
      [
        ["directory", "d", 0],
        ["file", path, 8],
        ["file", "é", 0],
      ],
    );
    assert.deepEqual(entries[1]?.segments, path.split("/"));
    assert.equal(bytes.toString("latin1", entries[1]?.offset, (entries[1]?.offset ?? 0) + 3), "cut");
  }
});

test("sizes and times may be written in every way that GNU tar has for large and for negative ones", () => {
  const base256 = Buffer.concat([Buffer.from([0x80]), Buffer.alloc(10), Buffer.from([3])]);
  for (const size of ["00000000003\0", "3 ", "          3\0", "000000000003", base256]) {
    assert.deepEqual(read(tar(member({ name: "a", size }, "abc"))), [["a", 3]]);
  }
  for (const time of [
    "14752514512 ",
    Buffer.alloc(12, 0xff),
    Buffer.concat([Buffer.from([0x80]), Buffer.alloc(11, 0).fill(1, 6)]),
  ]) {
    assert.deepEqual(read(tar(member({ name: "a", time }))), [["a", 0]]);
  }
});

test("whatever has a limit is let through up to it, and refused beyond", () => {
  const record = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, at) => [`X.k${at}`, ""]));
  const cases: [Partial<typeof tarLimits>, Buffer, Buffer][] = [
    [{ entries: 2 }, tar(file("a"), directory("b/")), tar(file("a"), directory("b/"), file("c"))],
    [{ entrySize: 5 }, tar(file("a", "12345")), tar(file("a", "123456"))],
    [{ extendedSize: 5 }, tar(longName("1234"), file("a")), tar(longName("12345"), file("a"))],
    [{ extendedInRow: 1 }, tar(pax({}), file("a"), pax({}), file("b")), tar(pax({}, "g"), pax({}), file("a"))],
    [{ paxRecords: 3 }, tar(pax(record(3)), file("a")), tar(pax(record(4)), file("a"))],
  ];
  assert.deepEqual(cases.flatMap(([limits]) => Object.keys(limits)).sort(), Object.keys(tarLimits).sort());
  for (const [limits, good, bad] of cases) {
    assert.ok(read(good, { limits }).length > 0);
    assert.throws(
      () => read(bad, { limits }),
      (error) => error instanceof TarLimitExceeded && error.facts.name !== "" && typeof error.facts.offset === "number",
    );
  }
});

test("what cannot fit into the tar is refused at its header, before a byte of it was read", () => {
  const bytes = tar(file("a", "1234"), file("b", "x".repeat(1000)));
  assert.deepEqual(read(bytes, { size: bytes.length }), [
    ["a", 4],
    ["b", 1000],
  ]);
  const large = tar(file("a", "1234"), member({ name: "b", size: 1001 * 512 }));
  const reader = createTarReader({ entry() {}, data() {}, endOfFile() {} }, { size: 1000 * 512 });
  assert.throws(
    () => reader.push(large.subarray(0, 1536)),
    (error) => error instanceof TarDamaged && error.facts.name === "b" && error.facts.offset === 1024,
  );
  // The blocks that end it have to fit, too.
  for (const missing of [1, 512, 1024]) {
    assert.throws(() => read(bytes, { size: bytes.length - missing }), TarDamaged);
  }
  const longer = Buffer.concat([bytes, Buffer.alloc(512)]);
  assert.throws(() => read(longer, { size: bytes.length }), /goes on behind the end/);
});

function read(bytes: Buffer, options: TarReaderOptions = {}): [string, number][] {
  const entries: [string, number][] = [];
  const sink = { entry: ({ path, size }: TarEntry) => void entries.push([path, size]), data() {}, endOfFile() {} };
  const reader = createTarReader(sink, options);
  reader.push(bytes);
  reader.end();
  return entries;
}
