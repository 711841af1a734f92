import { directory, file, header, longName, member, padded, pax, paxRecord, tar, twoZeroBlocks } from "./tar-forge.ts";

/** A tar that has to be refused, and how the refusal is to look. */
export interface HostileTar {
  what: string;
  bytes: Buffer;
  code: string;
  /** Of CDT-UNSAFE-MEMBER. */
  rule?: string;
}

const deep = (depth: number) => Array.from({ length: depth }, () => "d").join("/");
const unsafe = (rule: string, what: string, ...members: Buffer[]): HostileTar => ({
  ...{ what, code: "CDT-UNSAFE-MEMBER", rule },
  bytes: tar(file("good", "good"), ...members, file("behind", "behind")),
});
const damaged = (what: string, bytes: Buffer): HostileTar => ({ what, bytes, code: "CDT-TAR-DAMAGED" });
const duplicate = (what: string, ...members: Buffer[]): HostileTar => ({
  ...{ what, code: "CDT-DUPLICATE-MEMBER" },
  bytes: tar(...members),
});

/** One of each kind of harm that is known of; names that escape lead to `OUTSIDE`, which must not come to be. */
export const hostileTars: readonly HostileTar[] = [
  // ---- what an entry is
  unsafe("symbolic-link", "a symbolic link", member({ name: "link", type: "2", linkname: "/etc/passwd" })),
  unsafe("symbolic-link", "a harmless symbolic link", member({ name: "link", type: "2", linkname: "good" })),
  unsafe(
    "symbolic-link",
    "a file behind a link to elsewhere",
    member({ name: "link", type: "2", linkname: ".." }),
    file("link/OUTSIDE", "x"),
  ),
  unsafe("hard-link", "a hard link", member({ name: "link", type: "1", linkname: "good" })),
  unsafe("hard-link", "a hard link to elsewhere", member({ name: "link", type: "1", linkname: "../../OUTSIDE" })),
  unsafe("symbolic-link", "a link with a long target", longName("x".repeat(300), "K"), file("link")),
  unsafe("symbolic-link", "a link in pax's words", pax({ linkpath: "/etc/passwd" }), file("link")),
  unsafe("device", "a character device", member({ name: "null", type: "3" })),
  unsafe("device", "a block device", member({ name: "sda", type: "4" })),
  unsafe("fifo", "a pipe", member({ name: "pipe", type: "6" })),
  unsafe("unknown-type", "a contiguous file", member({ name: "contiguous", type: "7" })),
  unsafe("unknown-type", "a type that nobody knows", member({ name: "odd", type: "!" })),
  unsafe("unknown-type", "a multi-volume continuation", member({ name: "odd", type: "M" })),
  unsafe("unknown-type", "a volume label", member({ name: "odd", type: "V" })),
  unsafe("unknown-type", "a directory with its list of names", member({ name: "odd", type: "D" }, "Yfile\0\0")),
  unsafe("unknown-type", "Solaris' extended header", member({ name: "odd", type: "X" })),
  unsafe("sparse-file", "GNU's sparse file", member({ name: "sparse", type: "S", magic: "ustar  \0" })),
  unsafe("sparse-file", "a sparse file in pax's words", pax({ "GNU.sparse.name": "../OUTSIDE" }), file("sparse")),
  unsafe("global-override", "a global header that renames what follows", pax({ path: "OUTSIDE" }, "g"), file("x")),
  unsafe("global-override", "a global header that sets a size", pax({ size: "100" }, "g"), file("x")),
  unsafe("sparse-file", "a global header that makes all sparse", pax({ "GNU.sparse.major": "1" }, "g"), file("x")),

  // ---- names
  unsafe("absolute-path", "an absolute path", file("/OUTSIDE", "x")),
  unsafe("absolute-path", "an absolute path in a pax header", pax({ path: "/OUTSIDE" }), file("x")),
  unsafe("absolute-path", "an absolute path by GNU's long name", longName(`/${"x".repeat(200)}`), file("x")),
  unsafe("absolute-path", "an absolute path by its prefix", member({ name: "OUTSIDE", prefix: "/tmp" })),
  unsafe("absolute-path", "a network path", file("//server/share/OUTSIDE")),
  unsafe("drive-letter", "a drive letter", file("C:/OUTSIDE")),
  unsafe("drive-letter", "a path relative to a drive", file("c:OUTSIDE")),
  unsafe("backslash", "backslashes as separators", file("..\\OUTSIDE")),
  unsafe("dot-segment", "a path that leaves", file("../OUTSIDE", "x")),
  unsafe("dot-segment", "a path that leaves from within", file("good-folder/../../OUTSIDE", "x")),
  unsafe("dot-segment", "a path that comes back", file("folder/../inside")),
  unsafe("dot-segment", "a path that ends above", file("folder/..")),
  unsafe("dot-segment", "a path that leaves, in a pax header", pax({ path: "../OUTSIDE" }), file("x")),
  unsafe("dot-segment", "a path that leaves by its prefix", member({ name: "OUTSIDE", prefix: ".." })),
  unsafe("dot-segment", "a dot", file("./file")),
  unsafe("dot-segment", "the directory itself", directory("./")),
  unsafe("dot-segment", "a directory that leaves", directory("../OUTSIDE/")),
  unsafe("empty-segment", "an empty part", file("folder//file")),
  unsafe("empty-segment", "no name", file("")),
  unsafe("empty-segment", "no name, in a pax header", pax({ path: "" }), file("x")),
  unsafe("empty-segment", "a directory with two slashes at its end", directory("folder//")),
  unsafe("absolute-path", "a directory that is a slash", directory("//")),
  unsafe("trailing-slash", "a file whose name ends in a slash", file("folder/", "x")),
  unsafe("control-character", "a NUL in a pax header", pax({ path: "good\0../OUTSIDE" }), file("x")),
  unsafe("control-character", "a line break", file("two\nlines")),
  unsafe("control-character", "a carriage return", file("overwritten\rshown")),
  unsafe("control-character", "an escape sequence", file("\x1b[2Jcleared")),
  unsafe("control-character", "a delete character", file("a\x7fb")),
  unsafe("control-character", "a C1 control character", file("a\u0085b")),
  unsafe("control-character", "text that runs backwards", file("txt.\u202egpj.exe")),
  unsafe("not-utf-8", "a name in Latin-1", file(Buffer.from([0x6d, 0xfc, 0x6c, 0x6c]))),
  unsafe("not-utf-8", "an overlong slash", file(Buffer.from([0x61, 0xc0, 0xaf, 0x62]))),
  unsafe("not-utf-8", "half a surrogate pair", file(Buffer.from([0xed, 0xa0, 0x80]))),
  unsafe("not-utf-8", "a broken name in a pax header", pax({ path: Buffer.from([0xff, 0xfe]) }), file("x")),
  unsafe("name-too-long", "a part that no file system takes", longName("x".repeat(256)), file("x")),
  unsafe("name-too-long", "a part too long in bytes alone", longName("ü".repeat(128)), file("x")),
  unsafe(
    "path-too-long",
    "a path that no system call takes",
    longName(`${"x".repeat(200)}/`.repeat(16).concat("f")),
    file("x"),
  ),
  unsafe("too-deep", "more folders than anybody needs", longName(`${deep(64)}/f`), file("x")),
  {
    ...unsafe("too-deep", "a path of a million folders", pax({ path: `${deep(500_000)}/f` }), file("x")),
    rule: "path-too-long",
  },

  // ---- names that meet
  duplicate("a file twice", file("a", "1"), file("a", "2")),
  duplicate("a file twice, at either end", file("a", "1"), file("b", "2"), file("c", "3"), file("a", "1")),
  duplicate("a directory twice", directory("d/"), directory("d/")),
  duplicate("names that differ in case", file("File", "1"), file("fILE", "2")),
  duplicate("folders that differ in case", file("Folder/a", "1"), file("folder/b", "2")),
  duplicate("names that differ in their Unicode form", file("\u00fc", "1"), file("u\u0308", "2")),
  duplicate("names that differ by a long s", file("\u017fun", "1"), file("sun", "2")),
  duplicate("names that differ by a sharp s", file("stra\u00dfe", "1"), file("STRASSE", "2")),
  duplicate("names that differ by the Kelvin sign", file("273\u212a", "1"), file("273k", "2")),
  {
    what: "a file that is used as a folder",
    bytes: tar(file("a", "1"), file("a/b", "2")),
    ...{ code: "CDT-UNSAFE-MEMBER", rule: "file-used-as-directory" },
  },
  {
    what: "a folder that becomes a file",
    bytes: tar(file("a/b", "2"), file("a", "1")),
    ...{ code: "CDT-UNSAFE-MEMBER", rule: "file-used-as-directory" },
  },
  {
    what: "a directory that becomes a file",
    bytes: tar(directory("a/"), file("a", "1")),
    ...{ code: "CDT-UNSAFE-MEMBER", rule: "file-used-as-directory" },
  },

  // ---- what a tar is
  damaged("nothing at all", Buffer.alloc(0)),
  damaged("no end", file("good", "good")),
  damaged("half an end", Buffer.concat([file("good", "good"), Buffer.alloc(512)])),
  damaged("a lone block of zeroes in the middle", Buffer.concat([file("a"), Buffer.alloc(512), tar(file("b"))])),
  damaged("something behind its end", Buffer.concat([tar(file("good", "good")), tar(file("hidden", "x"))])),
  damaged("a byte behind its end", Buffer.concat([tar(file("good")), Buffer.alloc(511), Buffer.from("x")])),
  damaged("zeroes behind its end that make no block", Buffer.concat([tar(file("good")), Buffer.alloc(100)])),
  damaged("an end in the middle of a header", tar(file("a", "1")).subarray(0, 300)),
  damaged("an end in the middle of a body", member({ name: "a", size: 5000 }, "short").subarray(0, 900)),
  damaged("an end in the middle of the padding", file("a", "1").subarray(0, 700)),
  damaged("a wrong checksum of a header", tar(member({ name: "a", checksum: "0012345\0" }))),
  damaged("no checksum of a header", tar(member({ name: "a", checksum: "        " }))),
  damaged("a header of no known format", tar(member({ name: "a", magic: "\0\0\0\0\0\0\0\0" }))),
  damaged("noise", Buffer.alloc(4096, 0x5a)),
  damaged("a page instead of a package", padded(Buffer.from(`<html>${"404 Not Found ".repeat(100)}</html>`))),
  damaged("a compressed package", padded(Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(2000, 0x33)]))),
  damaged("padding with something in it", tar(Buffer.concat([header({ name: "a", size: 1 }), Buffer.alloc(512, 1)]))),
  damaged("a name with something behind its end", tar(file("a\0../OUTSIDE"))),
  damaged("a prefix with something behind its end", tar(member({ name: "a", prefix: "p\0../OUTSIDE" }))),
  damaged("a long name with something behind its end", tar(longName("a\0../OUTSIDE"), file("x"))),
  damaged("a directory with a size", tar(member({ name: "d/", type: "5", size: 512 }), Buffer.alloc(512, 1))),

  // ---- sizes
  damaged("a negative size", tar(member({ name: "a", size: "-0000000001\0" }))),
  damaged("a negative size in base 256", tar(member({ name: "a", size: Buffer.alloc(12, 0xff) }))),
  damaged("a size beyond all numbers", tar(member({ name: "a", size: base256(0x80, 0x7f) }))),
  damaged("a size that is no number", tar(member({ name: "a", size: "0000000x001\0" }))),
  damaged("a size in blanks", tar(member({ name: "a", size: "            " }))),
  damaged("a size in decimal", tar(member({ name: "a", size: "00000000009\0" }))),
  damaged("a size in GNU's old base 64", tar(member({ name: "a", size: "+AAAAAAAAAA\0" }))),
  damaged("a negative size in a pax header", tar(pax({ size: "-1" }), file("a"))),
  damaged("a size in a pax header beyond all numbers", tar(pax({ size: "99999999999999999999" }), file("a"))),
  damaged("an empty size in a pax header", tar(pax({ size: "" }), file("a"))),
  damaged("a size in a pax header with a blank", tar(pax({ size: " 1" }), file("a"))),
  damaged("a size in a pax header in hexadecimal", tar(pax({ size: "0x10" }), file("a"))),
  {
    what: "a file of a yobibyte, nearly",
    bytes: tar(member({ name: "a", size: base256(0x80, 0, 0, 0, 0, 0x10) })),
    code: "CDT-TAR-LIMIT",
  },

  // ---- extended headers
  { what: "a long name of 2 MiB", bytes: tar(longName("x".repeat(2 ** 21)), file("x")), code: "CDT-TAR-LIMIT" },
  { what: "pax records of 8 GiB", bytes: tar(header({ type: "x", size: 2 ** 33 - 1 })), code: "CDT-TAR-LIMIT" },
  damaged("a pax record without a length", tar(paxBody("path=x\n"), file("a"))),
  damaged("a pax record of length 0", tar(paxBody("0 path=x\n"), file("a"))),
  damaged("a pax record longer than the header", tar(paxBody("99 path=x\n"), file("a"))),
  damaged("a pax record shorter than it is", tar(paxBody("7 path=x\n"), file("a"))),
  damaged("a pax record without a value", tar(paxBody("8 path\n\n"), file("a"))),
  damaged("a pax record without a keyword", tar(paxBody("6 =xy\n"), file("a"))),
  damaged("a pax record without its line break", tar(paxBody("9 path=xy"), file("a"))),
  damaged("zeroes behind the pax records", tar(paxBody("10 path=x\n\0\0"), file("a"))),
  damaged("a name twice in one pax header", tar(member({ type: "x" }, twice("path", "a", "../OUTSIDE")), file("a"))),
  damaged("two pax headers for one entry", tar(pax({ path: "a" }), pax({ path: "b" }), file("x"))),
  damaged("a pax header and a long name for one entry", tar(pax({ path: "a" }), longName("b"), file("x"))),
  damaged("two long names for one entry", tar(longName("a"), longName("b"), file("x"))),
  damaged("a name that no entry follows", Buffer.concat([file("good"), pax({ path: "a" }), twoZeroBlocks])),
];

function base256(...first: number[]): Buffer {
  return Buffer.concat([Buffer.from(first), Buffer.alloc(12 - first.length)]);
}

function paxBody(body: string): Buffer {
  return member({ name: "PaxHeader", type: "x" }, body);
}

function twice(keyword: string, ...values: string[]): Buffer {
  return Buffer.concat(values.map((value) => paxRecord(keyword, value)));
}
