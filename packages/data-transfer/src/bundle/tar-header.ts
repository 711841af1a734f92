import { type SafetyRule, TarDamaged, UnsafeMember } from "../errors/package.ts";
import { escapeName } from "./names.ts";

export const blockSize = 512;

/** A header block as it stands, before extended headers are applied to it. */
export interface RawHeader {
  /** Bytes of the name, the ustar prefix put before it. */
  name: Buffer;
  size: number;
  /** `file` and `directory` are members; the others say something about the member that follows. */
  kind: "file" | "directory" | "pax" | "pax-global" | "gnu-long-name";
}

/**
 * Reads one header block: POSIX ustar (with or without pax) and GNU's format; older ones are refused, and so is every
 * type of entry that is neither a regular file nor a directory.
 *
 * Fields after POSIX.1-2017, pax, "ustar Interchange Format"; GNU's magic and types after the GNU tar manual, "Basic Tar
 * Format".
 *
 * @param offset of the block in the tar, for errors
 * @throws TarDamaged, UnsafeMember
 */
export function readHeader(block: Buffer, offset: number): RawHeader {
  checkSum(block, offset);
  const magic = block.toString("latin1", 257, 265);
  const posix = magic.startsWith("ustar\0");
  if (!posix && magic !== "ustar  \0") {
    throw new TarDamaged({ offset, why: `the header is of no known format (magic "${escapeName(magic)}")` });
  }
  const name = joinName(block, posix, offset);
  const kind = kindOf(block[156] as number, name, offset);
  checkUnused(block, offset);
  return { name, kind, size: readSize(block, offset) };
}

export function isZero(block: Buffer): boolean {
  return block.equals(zeroBlock);
}

const zeroBlock = Buffer.alloc(blockSize);

/** The sum of all bytes of the header, its own field taken as blanks. */
function checkSum(block: Buffer, offset: number): void {
  let sum = 8 * 0x20;
  for (let at = 0; at < blockSize; at++) if (at < 148 || at >= 156) sum += block[at] as number;
  const expected = octal(block.subarray(148, 156));
  if (expected !== sum) {
    throw new TarDamaged({ offset, why: "the header's checksum is wrong", name: escapeName(text(block, 0, 100)) });
  }
}

function joinName(block: Buffer, posix: boolean, offset: number): Buffer {
  const name = text(block, 0, 100);
  // In GNU's format these bytes hold times; only POSIX puts the beginning of a long name there.
  const prefix = posix ? text(block, 345, 155) : Buffer.alloc(0);
  if (hasMore(block, 0, 100, name) || (posix && hasMore(block, 345, 155, prefix))) {
    throw new TarDamaged({ offset, why: "there is something behind the end of the name", name: escapeName(name) });
  }
  return prefix.length > 0 ? Buffer.concat([prefix, slash, name]) : name;
}

const slash = Buffer.from("/");

/** Up to the first NUL. A view; whoever keeps it copies it. */
function text(block: Buffer, start: number, length: number): Buffer {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return end === -1 ? field : field.subarray(0, end);
}

function hasMore(block: Buffer, start: number, length: number, found: Buffer): boolean {
  for (let at = start + found.length; at < start + length; at++) if (block[at] !== 0) return true;
  return false;
}

function kindOf(flag: number, name: Buffer, offset: number): RawHeader["kind"] {
  const type = String.fromCharCode(flag);
  const known = kinds[type === "\0" ? "0" : type];
  if (known !== undefined) return known;
  const [rule, what] = refusedTypes[type] ?? ["unknown-type", `an entry of type "${escapeName(type)}"`];
  throw new UnsafeMember({ rule, offset, name: escapeName(name), why: `it is ${what}` });
}

const kinds: Readonly<Record<string, RawHeader["kind"]>> = {
  "0": "file",
  "5": "directory",
  x: "pax",
  g: "pax-global",
  L: "gnu-long-name",
};

const refusedTypes: Readonly<Record<string, [SafetyRule, string]>> = {
  "1": ["hard-link", "a hard link"],
  "2": ["symbolic-link", "a symbolic link"],
  "3": ["device", "a character device"],
  "4": ["device", "a block device"],
  "6": ["fifo", "a pipe"],
  K: ["symbolic-link", "a link with a long target"],
  S: ["sparse-file", "a sparse file"],
};

/** Mode, owner, group and time are not restored, but where they are not numbers the header is none. */
function checkUnused(block: Buffer, offset: number): void {
  for (const [what, start, length, most] of unusedNumbers) {
    const field = block.subarray(start, start + length);
    const value = octal(field) ?? base256(field) ?? (what === "time" ? negative(field) : undefined);
    if (value !== undefined && value <= most) continue;
    throw new TarDamaged({ offset, why: `its ${what} is not a number`, name: escapeName(text(block, 0, 100)) });
  }
}

const unusedNumbers = [
  ["mode", 100, 8, 0o7777777],
  ["owner", 108, 8, 2 ** 32 - 2],
  ["group", 116, 8, 2 ** 32 - 2],
  ["time", 136, 12, 2 ** 52],
] as const;

/** Octal digits, or GNU's base 256 (first bit set) for sizes of 8 GiB and more. */
function readSize(block: Buffer, offset: number): number {
  const field = block.subarray(124, 136);
  const size = ((field[0] as number) & 0x80) === 0 ? octal(field) : base256(field);
  if (size === undefined || !Number.isSafeInteger(size)) {
    throw new TarDamaged({
      offset,
      why: "the size is not a number that can be",
      name: escapeName(text(block, 0, 100)),
    });
  }
  return size;
}

/** Blanks, digits, then nothing but blanks and NULs to the end of the field. */
function octal(field: Buffer): number | undefined {
  const match = /^ *([0-7]+)[ \0]*$/.exec(field.toString("latin1"));
  return match === null ? undefined : Number.parseInt(match[1] as string, 8);
}

/** GNU's base 256 for times before 1970: two's complement, as far as a number can hold it. */
function negative(field: Buffer): number | undefined {
  const value = field.readBigInt64BE(field.length - 8);
  const extended = field.subarray(0, field.length - 8).every((byte) => byte === 0xff);
  return extended && value < 0n && value > -(2n ** 52n) ? Number(value) : undefined;
}

/** Positive only: 0xff begins a negative number. Beyond 2^53 the result is no safe integer, which the caller refuses. */
function base256(field: Buffer): number | undefined {
  if (field[0] !== 0x80) return undefined;
  let value = 0;
  for (const byte of field.subarray(1)) value = value * 256 + byte;
  return value;
}
