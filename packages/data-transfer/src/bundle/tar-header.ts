import { type SafetyRule, TarDamaged, UnsafeMember } from "../errors/package.ts";
import { escapeName } from "./names.ts";
import { base256, isNegativeTime, octal } from "./tar-numbers.ts";
import { decodeName } from "./tar-text.ts";

export const blockSize = 512;

/** A header block as it stands, before extended headers are applied to it. */
export interface RawHeader {
  /** The first five are entries; the others say something about the entry that follows them. */
  kind:
    | ("file" | "directory" | "symbolic-link" | "hard-link" | "refused")
    | ("pax" | "pax-global" | "gnu-long-name" | "gnu-long-target");
  size: number;
  /** POSIX, not GNU's own format: long names begin in the prefix. */
  posix: boolean;
}

/**
 * Reads the header block that begins at `at`: POSIX ustar (with or without pax) and GNU's format; older ones are refused.
 * The checksum is that of unsigned bytes.
 *
 * Fields after POSIX.1-2017, pax, "ustar Interchange Format"; GNU's magic and types after the GNU tar manual, "Basic Tar
 * Format".
 *
 * @param offset of the block in the tar, for errors
 * @throws TarDamaged
 */
export function readHeader(block: Buffer, at: number, offset: number): RawHeader {
  if (octal(block, at + 148, at + 156) !== sumOf(block, at)) {
    throw damaged(block, at, offset, "the header's checksum is wrong");
  }
  const posix = hasMagic(block, at, posixMagic);
  if (!posix && !hasMagic(block, at, gnuMagic)) {
    const magic = escapeName(block.subarray(at + 257, at + 265));
    throw damaged(block, at, offset, `the header is of no known format (magic "${magic}")`);
  }
  const kind = kinds[block[at + 156] as number] ?? "refused";
  if (kind !== "refused") checkUnused(block, at, offset);
  return { kind, size: kind === "refused" ? 0 : readSize(block, at, offset), posix };
}

/** The name of an entry, the ustar prefix put before it. @throws TarDamaged, UnsafeMember */
export function readName(block: Buffer, at: number, posix: boolean, offset: number): string {
  const name = readText(block, at, 100, offset, "name");
  // In GNU's format these bytes hold times.
  if (!posix || block[at + 345] === 0) {
    if (posix && !isEmpty(block, at + 345, at + 500)) throw behind(block, at, offset, "name");
    return name;
  }
  return `${readText(block, at + 345, 155, offset, "name")}/${name}`;
}

/** Where a link leads, by its header. @throws TarDamaged, UnsafeMember */
export function readTarget(block: Buffer, at: number, offset: number): string {
  return readText(block, at + 157, 100, offset, "target");
}

/** Of a type that is neither a regular file nor a directory nor an extended header. */
export function refuseType(flag: number, name: string, offset: number): UnsafeMember {
  const type = String.fromCharCode(flag);
  const [rule, what] = refusedTypes[type] ?? ["unknown-type", `an entry of type "${escapeName(type)}"`];
  return new UnsafeMember({ rule, offset, name, why: `it is ${what}` });
}

/** For errors: what stands in the field of the name, whatever that is. */
export function escapedName(block: Buffer, at: number): string {
  const end = block.indexOf(0, at);
  return escapeName(block.subarray(at, end === -1 ? at + 100 : Math.min(end, at + 100)));
}

/** Whether a block is one of those that end a tar. */
export function isZero(block: Buffer, at: number): boolean {
  return block[at] === 0 && zeroBlock.compare(block, at, at + blockSize) === 0;
}

const zeroBlock = Buffer.alloc(blockSize);

const posixMagic = Buffer.from("ustar\0");
const gnuMagic = Buffer.from("ustar  \0");

function hasMagic(block: Buffer, at: number, magic: Buffer): boolean {
  for (let n = 0; n < magic.length; n++) if (block[at + 257 + n] !== magic[n]) return false;
  return true;
}

/** The sum of all bytes of the header, its own field taken as blanks. */
function sumOf(block: Buffer, at: number): number {
  let sum = 8 * 0x20;
  for (let n = at; n < at + 148; n++) sum += block[n] as number;
  for (let n = at + 156; n < at + blockSize; n++) sum += block[n] as number;
  return sum;
}

const kinds: readonly (RawHeader["kind"] | undefined)[] = (() => {
  const byFlag = new Array<RawHeader["kind"] | undefined>(256).fill(undefined);
  const known: Record<string, RawHeader["kind"]> = {
    ...{ "\0": "file", "0": "file", "5": "directory", "1": "hard-link", "2": "symbolic-link" },
    ...{ x: "pax", g: "pax-global", L: "gnu-long-name", K: "gnu-long-target" },
  };
  for (const [flag, kind] of Object.entries(known)) byFlag[flag.charCodeAt(0)] = kind;
  return byFlag;
})();

const refusedTypes: Readonly<Record<string, [SafetyRule, string]>> = {
  "1": ["hard-link", "a hard link"],
  "2": ["symbolic-link", "a symbolic link"],
  "3": ["device", "a character device"],
  "4": ["device", "a block device"],
  "6": ["fifo", "a pipe"],
  "7": ["unknown-type", "a contiguous file"],
  D: ["unknown-type", "a directory with a list of names"],
  K: ["symbolic-link", "a link with a long target"],
  M: ["unknown-type", "the continuation of a file that began in another volume"],
  S: ["sparse-file", "a sparse file"],
  V: ["unknown-type", "the label of a volume"],
  X: ["unknown-type", "an extended header of Solaris"],
};

/** A field of text: up to its first NUL, behind which there is nothing more. */
function readText(block: Buffer, at: number, length: number, offset: number, what: string): string {
  let seen = 0;
  let end = at;
  for (; end < at + length && block[end] !== 0; end++) seen |= block[end] as number;
  if (!isEmpty(block, end, at + length)) throw behind(block, at, offset, what);
  return seen < 0x80 ? block.toString("latin1", at, end) : decodeName(block.subarray(at, end), offset);
}

function isEmpty(block: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (block[at] !== 0) return false;
  return true;
}

/** Mode, owner, group and time are not restored, but where they are not numbers the header is none. */
function checkUnused(block: Buffer, at: number, offset: number): void {
  checkNumber(block, at, 100, 108, 0o7777777, "mode", offset);
  checkNumber(block, at, 108, 116, 2 ** 32 - 2, "owner", offset);
  checkNumber(block, at, 116, 124, 2 ** 32 - 2, "group", offset);
  if (octal(block, at + 136, at + 148) < 0 && !isNegativeTime(block, at + 136, at + 148)) {
    checkNumber(block, at, 136, 148, 2 ** 52, "time", offset);
  }
}

function checkNumber(
  block: Buffer,
  at: number,
  start: number,
  end: number,
  most: number,
  what: string,
  offset: number,
): void {
  let value = octal(block, at + start, at + end);
  if (value < 0) value = base256(block, at + start, at + end);
  if (value < 0 || value > most) throw damaged(block, at, offset, `its ${what} is not a number`);
}

/** Octal digits, or GNU's base 256 for 8 GiB and more. */
function readSize(block: Buffer, at: number, offset: number): number {
  let size = octal(block, at + 124, at + 136);
  if (size < 0) size = base256(block, at + 124, at + 136);
  if (size < 0 || !Number.isSafeInteger(size)) {
    throw damaged(block, at, offset, "the size is not a number that can be");
  }
  return size;
}

function behind(block: Buffer, at: number, offset: number, what: string): TarDamaged {
  return damaged(block, at, offset, `there is something behind the end of the ${what}`);
}

function damaged(block: Buffer, at: number, offset: number, why: string): TarDamaged {
  return new TarDamaged({ offset, why, name: escapedName(block, at) });
}
