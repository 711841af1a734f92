import { malformed } from "./undecodable-message.ts";

/**
 * How large the content of an .xz file is, and what memory reading it takes, without reading it: both stand in the headers
 * of its blocks and of their LZMA2 chunks, and a decoder follows them to the byte (The .xz File Format 1.2, sections 2-4).
 *
 * @throws {UndecodableMessage} `malformed`
 */
export function xzSize(file: Buffer): { inflated: number; dictionary: number } {
  const sizes = { inflated: 0, dictionary: 0 };
  const cursor = { file, at: 0 };
  while (cursor.at < file.length) {
    readStream(cursor, sizes);
    // Streams may be padded with zeros to a multiple of four bytes.
    while (cursor.at < file.length && file[cursor.at] === 0) cursor.at++;
  }
  return sizes;
}

interface Cursor {
  file: Buffer;
  at: number;
}

const magic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
/** Bytes of a block's check, by the type in the stream's header. */
const checkSizes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const lzma2 = 0x21;

function readStream(cursor: Cursor, sizes: { inflated: number; dictionary: number }): void {
  const header = take(cursor, 12);
  if (!header.subarray(0, 6).equals(magic)) throw malformed("the body is not in xz format");
  const checkSize = checkSizes[header[7]! & 0x0f]!;
  while (peek(cursor) !== 0) {
    sizes.dictionary = Math.max(sizes.dictionary, readBlockHeader(cursor));
    const start = cursor.at;
    sizes.inflated += readChunks(cursor);
    take(cursor, (4 - ((cursor.at - start) % 4)) % 4);
    take(cursor, checkSize);
  }
  skipIndex(cursor);
  take(cursor, 12);
}

/** Answers the size of the dictionary. */
function readBlockHeader(cursor: Cursor): number {
  const header = take(cursor, (peek(cursor) + 1) * 4);
  const inside = { file: header, at: 1 };
  const flags = take(inside, 1)[0]!;
  if (flags & 0x40) readInteger(inside);
  if (flags & 0x80) readInteger(inside);
  let dictionary = 0;
  for (let filter = 0; filter <= (flags & 0x03); filter++) {
    const id = readInteger(inside);
    const properties = take(inside, readInteger(inside));
    if (id === lzma2) dictionary = dictionarySize(properties[0] ?? 0);
  }
  return dictionary;
}

function dictionarySize(bits: number): number {
  return (2 | (bits & 1)) * 2 ** (Math.floor(bits / 2) + 11);
}

/** Answers how many bytes the chunks make. */
function readChunks(cursor: Cursor): number {
  let inflated = 0;
  for (;;) {
    const control = take(cursor, 1)[0]!;
    if (control === 0) return inflated;
    if (control < 0x80) {
      if (control > 2) throw malformed("the xz body is damaged");
      const size = take(cursor, 2).readUInt16BE() + 1;
      inflated += size;
      take(cursor, size);
    } else {
      inflated += ((control & 0x1f) << 16) + take(cursor, 2).readUInt16BE() + 1;
      const size = take(cursor, 2).readUInt16BE() + 1;
      take(cursor, size + (control >= 0xc0 ? 1 : 0));
    }
  }
}

function skipIndex(cursor: Cursor): void {
  const start = cursor.at;
  take(cursor, 1);
  for (let records = readInteger(cursor); records > 0; records--) {
    readInteger(cursor);
    readInteger(cursor);
  }
  take(cursor, ((4 - ((cursor.at - start) % 4)) % 4) + 4);
}

/** Seven bits a byte, lowest first. */
function readInteger(cursor: Cursor): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = take(cursor, 1)[0]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
    if (factor > 2 ** 56) throw malformed("the xz body is damaged");
  }
}

function peek(cursor: Cursor): number {
  const byte = cursor.file[cursor.at];
  if (byte === undefined) throw malformed("the xz body ends too early");
  return byte;
}

function take(cursor: Cursor, size: number): Buffer {
  if (size > cursor.file.length - cursor.at) throw malformed("the xz body ends too early");
  cursor.at += size;
  return cursor.file.subarray(cursor.at - size, cursor.at);
}
