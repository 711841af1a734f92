import { isInteger, plainData } from "./plain-data.ts";
import { writeTyped } from "./typed-json.ts";
import { UnencodableValue } from "./unencodable-value.ts";

/**
 * Writes MessagePack as Python's `msgpack.packb(use_bin_type=True)` does. Dates, decimals and uuids go as texts: kombu
 * has no other form for them here.
 *
 * @throws {UnencodableValue}
 */
export function writeMsgpack(value: unknown): Buffer {
  const parts: Buffer[] = [];
  write(
    parts,
    plainData(value, (object) => (object instanceof Uint8Array ? object : writeTyped(object, true))),
  );
  return Buffer.concat(parts);
}

function write(parts: Buffer[], value: unknown): void {
  if (typeof value === "string") writeText(parts, value);
  else if (typeof value === "number") parts.push(isInteger(value) ? integer(BigInt(value)) : float(value));
  else if (typeof value === "bigint") parts.push(integer(value));
  else if (typeof value === "boolean") parts.push(Buffer.of(value ? 0xc3 : 0xc2));
  else if (value === null || value === undefined) parts.push(Buffer.of(0xc0));
  else if (value instanceof Uint8Array) parts.push(sized(value.byteLength, [0xc4, 0xc5, 0xc6]), Buffer.from(value));
  else if (Array.isArray(value)) writeArray(parts, value);
  else writeMap(parts, Object.entries(value));
}

function writeArray(parts: Buffer[], values: unknown[]): void {
  parts.push(values.length < 16 ? Buffer.of(0x90 | values.length) : sized(values.length, [undefined, 0xdc, 0xdd]));
  for (const value of values) write(parts, value);
}

function writeMap(parts: Buffer[], entries: [string, unknown][]): void {
  parts.push(entries.length < 16 ? Buffer.of(0x80 | entries.length) : sized(entries.length, [undefined, 0xde, 0xdf]));
  for (const [key, member] of entries) {
    writeText(parts, key);
    write(parts, member);
  }
}

function writeText(parts: Buffer[], text: string): void {
  if (!text.isWellFormed()) throw new UnencodableValue("half a surrogate pair cannot be sent as MessagePack");
  const bytes = Buffer.from(text, "utf8");
  parts.push(bytes.length < 32 ? Buffer.of(0xa0 | bytes.length) : sized(bytes.length, [0xd9, 0xda, 0xdb]), bytes);
}

/** A code for one, two or four bytes of length, and the length. */
function sized(length: number, [one, two, four]: [one: number | undefined, two: number, four: number]): Buffer {
  if (one !== undefined && length < 0x100) return Buffer.of(one, length);
  if (length < 0x10000) return Buffer.of(two, length >> 8, length & 0xff);
  const header = Buffer.of(four, 0, 0, 0, 0);
  header.writeUInt32BE(length, 1);
  return header;
}

function integer(value: bigint): Buffer {
  if (value >= -32n && value < 128n) return Buffer.of(Number(value) & 0xff);
  if (value < -(2n ** 63n) || value >= 2n ** 64n) {
    throw new UnencodableValue("an integer of more than 64 bits cannot be sent as MessagePack");
  }
  const bytes = Buffer.alloc(9, value < 0n ? 0xd3 : 0xcf);
  if (value < 0n) bytes.writeBigInt64BE(value, 1);
  else bytes.writeBigUInt64BE(value, 1);
  return bytes;
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(9, 0xcb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}
