import assert from "node:assert/strict";
import { test } from "node:test";
import { waivableRules } from "../../src/bundle/tar-links.ts";
import { createTarReader, type TarEntry, type TarLink } from "../../src/bundle/tar-reader.ts";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";
import type { SafetyRule } from "../../src/errors/package.ts";
import { directory, file, longName, member, pax, tar } from "./tar-forge.ts";
import { nameRegister } from "./unpack-tar.ts";

const link = (name: string, linkname: string) => member({ name, type: "2", linkname });
const hardLink = (name: string, linkname: string) => member({ name, type: "1", linkname });

test("under a waiver a harmless link is told of, with where it leads, and is not a file", async () => {
  const bytes = tar(
    ...[directory("d/"), file("d/file", "contents"), link("d/link", "../d/./file"), hardLink("hard", "d/file")],
    ...[link("folder", "d"), link("d/up", ".."), file("last", "x")],
  );
  const { links, files, refusal } = await read(bytes, waivableRules);
  assert.equal(refusal, undefined);
  assert.deepEqual(files, ["d", "d/file", "last"]);
  assert.deepEqual(links, [
    { ...aLink("d/link", "../d/./file"), offset: 3 * 512 },
    { ...aLink("hard", "d/file"), link: "hard", offset: 4 * 512 },
    { ...aLink("folder", "d"), offset: 5 * 512 },
    { ...aLink("d/up", ".."), offset: 6 * 512 },
  ]);
});

test("a long name and a long target, by GNU's headers in either order or by pax, belong to one link", async () => {
  const [path, target] = [`${"n".repeat(150)}/link`, `${"target/".repeat(30)}end`];
  for (const extended of [
    [longName(path), longName(target, "K")],
    [longName(target, "K"), longName(path)],
    [pax({ path, linkpath: target })],
  ]) {
    for (const last of [link("short", "cut"), hardLink("short", "cut")]) {
      const { links, refusal } = await read(tar(...extended, last, file("behind")), waivableRules);
      assert.equal(refusal, undefined);
      assert.deepEqual([links[0]?.path, links[0]?.target, links.length], [path, target, 1]);
    }
  }
});

test("a waiver holds for its own rule alone", async () => {
  const both = tar(link("a", "x"), hardLink("b", "x"));
  assert.equal((await read(both, [])).refusal?.facts.rule, "symbolic-link");
  assert.equal((await read(both, ["symbolic-link"])).refusal?.facts.rule, "hard-link");
  assert.equal((await read(both, ["hard-link"])).refusal?.facts.rule, "symbolic-link");
  assert.equal((await read(both, ["symbolic-link", "hard-link"])).refusal, undefined);
  for (const [type, rule] of [
    ["3", "device"],
    ["6", "fifo"],
    ["S", "sparse-file"],
    ["7", "unknown-type"],
  ]) {
    assert.equal(
      (await read(tar(member({ name: "a", type, linkname: "b" })), waivableRules)).refusal?.facts.rule,
      rule,
    );
  }
  const everything: SafetyRule[] = ["device", "absolute-path", "dot-segment", "sparse-file", "link-escapes"];
  assert.equal((await read(tar(member({ name: "a", type: "3" })), everything)).refusal?.facts.rule, "device");
  assert.equal((await read(tar(file("/a")), everything)).refusal?.facts.rule, "absolute-path");
  assert.equal(
    (await read(tar(link("a", "..")), [...everything, "symbolic-link"])).refusal?.facts.rule,
    "link-escapes",
  );
});

test("a link that leads out of the package is refused under a waiver, too, with its target as evidence", async () => {
  const symbolic = [
    ...["/etc/passwd", "/", "..", "../x", "./..", "d/../x", "d/..", "../d/../x", "", "c:x", "C:/x", "a\\b", "..\\x"],
    ...["a\nb", "a\u202eb", "a\x7f", "t".repeat(4096)],
  ];
  for (const target of symbolic) await assertEscapes("2", "link", target);
  for (const target of ["../..", "../../x", "../x/../../y", "x/.."]) await assertEscapes("2", "d/link", target);
  for (const target of ["/etc/passwd", "../x", "./x", "d/../x", "", "d//x", "d/", "c:x", "a\\b", "x".repeat(256)]) {
    await assertEscapes("1", "d/link", target);
  }
  const kept = ["x", "d/x", "./x", ".", "d//x", "d/", "...", "..x", "t".repeat(4095), "ü"];
  for (const target of kept)
    assert.equal((await read(withTarget("2", "link", target), waivableRules)).links.length, 1, target);
  const up = ["..", "../x", "./../x", "../d/x", ".././x"];
  for (const target of up)
    assert.equal((await read(withTarget("2", "d/link", target), waivableRules)).links.length, 1, target);
});

test("a target that is no text, has something behind its end, or stands twice is refused", async () => {
  const latin1 = member({ name: "link", type: "2", linkname: Buffer.from([0x6d, 0xfc]) });
  assert.equal((await read(tar(latin1), waivableRules)).refusal?.facts.rule, "not-utf-8");
  const damaged = {
    "something behind its end": [link("link", "good\0../OUTSIDE")],
    "something behind the end of a long one": [longName("good\0../OUTSIDE", "K"), link("link", "x")],
    "two long ones": [longName("a", "K"), longName("b", "K"), link("link", "x")],
    "a long one and a pax header": [longName("a", "K"), pax({ linkpath: "b" }), link("link", "x")],
    "a pax header and a long one": [pax({ path: "a" }), longName("b", "K"), link("link", "x")],
    "a long one for a file": [longName("a", "K"), file("file", "x")],
    "a pax header's for a directory": [pax({ linkpath: "a" }), directory("d/")],
    "a long one that nothing follows": [longName("a", "K")],
    contents: [member({ name: "link", type: "1", linkname: "good" }, "contents")],
    "contents by a pax header": [pax({ size: "5" }), link("link", "x"), file("behind")],
  };
  for (const [what, members] of Object.entries(damaged)) {
    assert.equal((await read(tar(...members), waivableRules)).refusal?.code, "CDT-TAR-DAMAGED", what);
  }
  const slash = (await read(tar(link("link/", "x")), waivableRules)).refusal;
  assert.equal(slash?.facts.rule, "trailing-slash");
});

test("names of links obey all rules, and meet those of files and directories", async () => {
  for (const [name, rule] of [
    ["../link", "dot-segment"],
    ["/link", "absolute-path"],
    ["a\\b", "backslash"],
    ["a\nb", "control-character"],
  ] as const) {
    assert.equal((await read(tar(link(name, "x")), waivableRules)).refusal?.facts.rule, rule);
  }
  const meeting = [
    [link("a", "x"), file("a", "1")],
    [file("a", "1"), hardLink("a", "x")],
    [link("a", "x"), link("A", "y")],
    [link("\u00fc", "x"), file("u\u0308", "1")],
  ];
  for (const members of meeting) {
    assert.equal((await read(tar(...members), waivableRules)).refusal?.code, "CDT-DUPLICATE-MEMBER");
  }
  const below = [
    [link("a", "d"), file("a/b", "1")],
    [directory("a/"), link("a", "d")],
    [link("a", "d"), directory("a/")],
  ];
  for (const members of below) {
    assert.equal((await read(tar(...members), waivableRules)).refusal?.facts.rule, "file-used-as-directory");
  }
});

test("whoever waives links has to take them", async () => {
  const sink = { entry() {}, data() {}, endOfFile() {} };
  assert.throws(() => createTarReader(sink, { waivedRules: new Set(["hard-link"]) }), TypeError);
  createTarReader(sink, { waivedRules: new Set(["device"]) });
});

function aLink(path: string, target: string): Omit<TarLink, "offset"> {
  return { kind: "link", link: "symbolic", path, segments: path.split("/"), target, size: 0 };
}

function withTarget(type: "1" | "2", name: string, target: string): Buffer {
  if (Buffer.byteLength(target) <= 100) return tar(member({ name, type, linkname: target }));
  return tar(pax({ linkpath: target }), member({ name, type }));
}

async function assertEscapes(type: "1" | "2", name: string, target: string): Promise<void> {
  const { refusal, links } = await read(withTarget(type, name, target), waivableRules);
  assert.equal(refusal?.code, "CDT-UNSAFE-MEMBER", target);
  const { rule, name: named, offset } = refusal.facts;
  assert.deepEqual(
    [rule, named, typeof offset, typeof refusal.facts.target],
    ["link-escapes", name, "number", "string"],
  );
  assert.match(refusal.message, /^[\x20-\x7e]+$/);
  assert.deepEqual(links, []);
}

/** Reads a tar as unpacking does: a link is noted among the names as a file is. */
async function read(bytes: Buffer, waivedRules: readonly SafetyRule[]) {
  const register = await nameRegister();
  const links: TarLink[] = [];
  const files: string[] = [];
  const sink = {
    entry(entry: TarEntry) {
      register.note(entry);
      files.push(entry.path);
    },
    data() {},
    endOfFile() {},
    link(link: TarLink) {
      register.note(link);
      links.push(link);
    },
  };
  try {
    const reader = createTarReader(sink, { waivedRules: new Set(waivedRules) });
    reader.push(bytes);
    reader.end();
  } catch (error) {
    if (!(error instanceof DataTransferError)) throw error;
    return { links, files, refusal: error };
  }
  return { links, files };
}
