import fc from "fast-check";
import { type ForgedHeader, longName, member, pax, tar } from "../tar-forge.ts";

/**
 * Tars made member by member, most of them lawful or nearly so: names, numbers and extended headers in all the spellings
 * that tar programs know, in every order.
 */
export function forgedTars(): fc.Arbitrary<Buffer> {
  return fc
    .array(members(), { minLength: 1, maxLength: 6 })
    .chain((groups) =>
      fc.constantFrom(...ends).map((end) => Buffer.concat([...groups.map((group, n) => group(n)), end])),
    );
}

/** A member, with what extends it, at its place in the tar: names that carry the place do not meet. */
type Member = (place: number) => Buffer;

const ends = [...Array.from({ length: 12 }, () => tar()), Buffer.alloc(1536), Buffer.alloc(512), Buffer.alloc(0)];

function members(): fc.Arbitrary<Member> {
  const plain = fc.record({ header: headers(), name: names(), length: lengths() }).map(
    ({ header, name, length }): Member =>
      (place) =>
        entry({ ...header, name: name(place) }, length),
  );
  const long = fc.record({ header: headers(), name: longNames(), length: lengths() }).map(
    ({ header, name, length }): Member =>
      (place) =>
        Buffer.concat([longName(name(place)), entry({ ...header, name: "short" }, length)]),
  );
  const extended = fc.record({ header: headers(), name: names(), records: records(), length: lengths() }).map(
    ({ header, name, records, length }): Member =>
      (place) =>
        Buffer.concat([pax(records(place, length)), entry({ ...header, name: name(place) }, length)]),
  );
  const global = fc.constantFrom(...globals).map(
    (said): Member =>
      () =>
        pax(said, "g"),
  );
  const odd = fc.record({ type: fc.constantFrom(..."12346789KLMSVXxg"), linkname: fc.constantFrom(...targets) }).map(
    ({ type, linkname }): Member =>
      (place) =>
        member({ name: `odd${place}`, type, linkname }),
  );
  return fc.oneof(
    { arbitrary: plain, weight: 12 },
    { arbitrary: long, weight: 6 },
    { arbitrary: extended, weight: 12 },
    { arbitrary: global, weight: 1 },
    { arbitrary: odd, weight: 1 },
  );
}

function entry(header: ForgedHeader, length: number): Buffer {
  if (header.type === "5") return member({ ...header, size: "00000000000\0" });
  return member({ ...header, size: spelled(header.size as string, length) }, Buffer.alloc(length, "content "));
}

/** A size in one of the ways to write numbers. */
function spelled(how: string, size: number): string | Buffer {
  const digits = size.toString(8);
  if (how === "blanks") return digits.padStart(11, " ").concat(" ");
  if (how === "short") return `${digits} `;
  if (how === "full") return digits.padStart(12, "0");
  if (how === "base256")
    return Buffer.concat([Buffer.from([0x80]), Buffer.alloc(9), Buffer.from([size >> 8, size & 255])]);
  return digits.padStart(11, "0").concat("\0");
}

function headers(): fc.Arbitrary<ForgedHeader> {
  return fc.record({
    type: fc.constantFrom("0", "0", "0", "\0", "5", "5"),
    magic: fc.constantFrom("ustar\x0000", "ustar\x0000", "ustar  \0", "ustar\0\0\0", "ustar\0xx"),
    mode: fc.constantFrom("0000640\0", "0000755 ", "   644 \0", "0100644\0", "7777777\0", "0000000\0"),
    time: fc.constantFrom<string | Buffer>(
      ...["00000000000\0", "14752514512 ", "          1 ", "777777777777"],
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
      Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0]),
    ),
    size: fc.constantFrom("usual", "usual", "blanks", "short", "full", "base256"),
    prefix: fc.constantFrom("", "", "", "", "prefix", "two/parts", "p".repeat(155)),
    linkname: fc.constantFrom("", "", "", "ignored"),
  });
}

const lengths = () => fc.constantFrom(0, 0, 1, 511, 512, 513, 1500, 5000);

function names(): fc.Arbitrary<Named> {
  const unique = fc.constantFrom<Named>(
    ...[0, 1, 2].map((): Named => (place) => `f${place}`),
    (place) => `folder/f${place}`,
    (place) => `folder/deeper/f${place}`,
    (place) => `ü日${place}`,
    (place) => `f${place}`.padEnd(100, "x"),
    (place) => ` f ${place}`,
    (place) => `f${place}.\u200d`,
  );
  const any = fc.constantFrom(...odd).map(
    (name): Named =>
      () =>
        name,
  );
  return fc.oneof({ arbitrary: unique, weight: 24 }, { arbitrary: any, weight: 1 });
}

function longNames(): fc.Arbitrary<Named> {
  const deep = (depth: number) => fc.constant<Named>((place) => `${"long-folder/".repeat(depth)}f${place}`);
  return fc.oneof(
    { arbitrary: names(), weight: 6 },
    { arbitrary: deep(9), weight: 6 },
    { arbitrary: fc.constant<Named>((place) => `${place}`.padEnd(255, "y")), weight: 6 },
    // GNU tar takes its time over such.
    ...[deep(60), deep(70)],
  );
}

type Named = (place: number) => string;

const odd = [
  ...["f0", "f1", "folder", "folder/", "folder/deeper", "F1", "a/", "a//b", "./a", "../a", "/a", "a/.", "a/..", ""],
  ...[
    "a\\b",
    "c:a",
    "a\nb",
    "a\u202eb",
    "...",
    "-rf",
    "--",
    "*",
    "prefix",
    "prefix/f1",
    "two",
    "short",
    "good/",
    "FOLDER/x",
  ],
];

const targets = ["f0", "../f0", "folder/f1", "/etc/passwd", "..", ".", "", "a/../b", "./f0", "folder//f0"];

/** Records of a pax header for an entry of this size. */
function records(): fc.Arbitrary<(place: number, length: number) => Record<string, string>> {
  const some = (list: PaxRecord[]) => fc.subarray(list, { maxLength: 4 });
  const chosen = fc.oneof({ arbitrary: some(lawful), weight: 6 }, some([...lawful, ...unlawful]));
  return chosen.map((records) => (place, length) => Object.fromEntries(records.map((record) => record(place, length))));
}

type PaxRecord = (place: number, length: number) => [keyword: string, value: string];

const lawful: PaxRecord[] = [
  (place) => ["path", `by-pax/f${place}`],
  (place) => ["path", `ü${"long-folder/".repeat(9)}f${place}`],
  (_, length) => ["size", `${length}`],
  (_, length) => ["size", `000${length}`],
  () => ["mtime", "1700000000.123456789"],
  () => ["mtime", "-1.5"],
  () => ["mtime", "12345678901."],
  () => ["atime", "0"],
  () => ["uid", "4294967294"],
  () => ["gid", "07"],
  () => ["uname", "ü"],
  () => ["gname", ""],
  () => ["comment", "with\nline=break\n9 path=x\n"],
  () => ["hdrcharset", "ISO-IR 10646 2000 UTF-8"],
  () => ["SCHILY.xattr.user.key", "a=b\0c"],
  () => ["SCHILY.acl.access", "user::rw-,group::r--,other::---"],
  () => ["LIBARCHIVE.creationtime", "1"],
  () => ["VENDOR.keyword", "x".repeat(600)],
];

const unlawful: PaxRecord[] = [
  () => ["path", "../up"],
  (_, length) => ["size", `${length + 512}`],
  () => ["ctime", "later"],
  () => ["uid", "12345678901"],
  () => ["linkpath", "f0"],
  () => ["hdrcharset", "BINARY"],
  () => ["SCHILY.realsize", "5"],
  () => ["GNU.sparse.size", "10"],
  () => ["unknown", "x"],
];

const globals: readonly Record<string, string>[] = [
  ...[{ comment: "of a commit" }, { mtime: "1" }, { uid: "7", gname: "x" }, {}],
  ...[{ path: "everything" }, { size: "1" }, { "GNU.sparse.major": "1" }],
];
