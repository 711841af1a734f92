import { deflateRawSync, gzipSync } from "node:zlib";
import { directory, file, header, longName, member, padded, pax, tar, twoZeroBlocks } from "../tar-forge.ts";
import { damaged, type HostileTar, noTar } from "./hostile-tar.ts";

const block = Buffer.alloc(512);
const good = file("good", "good");

/** What is no tar, or not the whole of one, or more than one. */
export const hostileStructures: readonly HostileTar[] = [
  // ---- the end
  noTar("nothing at all", Buffer.alloc(0)),
  noTar("no end", good),
  noTar("half an end", Buffer.concat([good, block])),
  noTar("nothing but half an end", block),
  noTar("an end that is short by a byte", tar(good).subarray(0, -1)),
  noTar("a lone block of zeroes in the middle", Buffer.concat([file("a"), block, tar(file("b"))])),
  noTar("a lone block of zeroes at the beginning", Buffer.concat([block, tar(file("b"))])),
  noTar("a second tar behind its end", Buffer.concat([tar(good), tar(file("hidden", "x"))])),
  noTar("an entry behind its end", Buffer.concat([tar(good), file("hidden", "x")])),
  noTar("an entry far behind its end", Buffer.concat([tar(good), Buffer.alloc(10_240), file("hidden", "x")])),
  noTar("a byte behind its end", Buffer.concat([tar(good), Buffer.alloc(511), Buffer.from("x")])),
  noTar("a byte behind its end that makes no block", Buffer.concat([tar(good), Buffer.from("x")])),
  noTar("zeroes behind its end that make no block", Buffer.concat([tar(good), Buffer.alloc(100)])),
  cut("an end of blanks", Buffer.alloc(1024, " "), 1024),

  // ---- cut
  noTar("an end in the first header", tar(file("a", "1")).subarray(0, 300)),
  noTar("an end after a byte", tar(file("a", "1")).subarray(0, 1)),
  noTar("an end in a later header", Buffer.concat([good, file("a", "1").subarray(0, 511)])),
  cut("an end before a body", file("a", "1".repeat(600)), 512),
  cut("an end in the middle of a body", file("a", "1".repeat(5000)), 900),
  cut("an end a byte before that of a body", file("a", "1".repeat(1024)), 512 + 1023),
  cut("an end before the padding", file("a", "1"), 513),
  cut("an end in the middle of the padding", file("a", "1"), 700),
  cut("an end in a pax header", pax({ path: "a".repeat(200) }), 600),
  cut("an end in a long name", longName("a".repeat(200)), 600),
  cut("an end in the padding of a long name", longName("a".repeat(200)), 1000),
  noTar("an end between a long name and its entry", Buffer.concat([good, longName("a".repeat(200))])),

  // ---- padding
  damaged("padding with something in it", Buffer.concat([header({ name: "a", size: 1 }), Buffer.alloc(512, 1)])),
  damaged("padding whose last byte is something", withByte(file("a", "1"), 1023)),
  damaged("padding of a pax header with something in it", withByte(pax({ path: "a" }), 1023), file("a")),
  damaged("padding of a long name with something in it", withByte(longName("a"), 600), file("a")),

  // ---- other formats
  damaged("a header of the seventh edition", member({ name: "a", magic: "\0\0\0\0\0\0\0\0" })),
  damaged("a header of half a format", member({ name: "a", magic: "ustar 00" })),
  damaged("a header whose magic is in capitals", member({ name: "a", magic: "USTAR\x0000" })),
  damaged("a header of a tar that was compressed for old systems", member({ name: "a", magic: "ustar  0" })),
  damaged("noise in place of a header", Buffer.alloc(4096, 0x5a)),
  damaged("a directory of noise", directory("a/"), Buffer.alloc(512, 0xff)),
  noHeader("noise", Buffer.alloc(4096, 0x5a)),
  noHeader("a page instead of a package", padded(Buffer.from(`<html>${"404 Not Found ".repeat(100)}</html>`))),
  noHeader("a refusal of the archive in place of a package", padded(Buffer.from('{"message":"403 Forbidden"}'))),
  noHeader("a package that was compressed", padded(gzipSync(tar(file("a", randomLike(3000)))))),
  noTar("a package that was compressed to less than a block", gzipSync(tar(file("a")))),
  noHeader("a package that was compressed without a header", padded(deflateRawSync(tar(file("a", randomLike(3000)))))),
  noHeader("a compressed package of xz", padded(Buffer.from("fd377a585a000004e6d6b446", "hex"))),
  noHeader("a compressed package of zstd", padded(Buffer.from("28b52ffd0488000000", "hex"))),
  noHeader("a zip file", padded(Buffer.from("504b0304140000000800", "hex"))),
  noHeader("an archive of cpio", padded(Buffer.from("070701000000000000000000000000000000000000000000"))),
  noHeader("a FITS file", Buffer.from("SIMPLE  =                    T".padEnd(2880 * 8, " ")).subarray(0, 2880 * 4)),
  noHeader("a tar that lost its first byte", Buffer.concat([tar(file("a", "1")).subarray(1), Buffer.alloc(1)])),
  noHeader("a tar behind a byte too many", Buffer.concat([Buffer.from("x"), tar(file("a", "1")), Buffer.alloc(511)])),
  noHeader("a tar whose bytes are swapped in pairs", Buffer.from(tar(file("ab", "12"))).swap16()),
  {
    ...noTar(
      "half of it missing in the middle",
      Buffer.concat([file("a", "1".repeat(5000)).subarray(0, 1024), file("b", "2"), twoZeroBlocks]),
    ),
    nameless: undefined,
  },
];

/** Cut in something that belongs to a header. */
function cut(what: string, last: Buffer, bytes: number): HostileTar {
  return { what, bytes: Buffer.concat([good, last.subarray(0, bytes)]), code: "CDT-TAR-DAMAGED" };
}

/** Its first block is taken for a header, and what stands there for its name. */
function noHeader(what: string, bytes: Buffer): HostileTar {
  return { what, bytes, code: "CDT-TAR-DAMAGED" };
}

function withByte(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = 1;
  return changed;
}

/** Bytes that compression makes no smaller, the same each time. */
function randomLike(length: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (state * 48271) % 2147483647;
      return state & 0xff;
    }),
  );
}
