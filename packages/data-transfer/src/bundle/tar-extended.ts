import { type SafetyRule, TarDamaged, TarLimitExceeded, UnsafeMember } from "../errors/package.ts";
import { escapeName } from "./names.ts";
import { decodeName } from "./tar-text.ts";

/** What extended headers say about the entry that follows them. */
export interface Override {
  path?: string;
  size?: number;
  /** Where a link leads. */
  target?: string;
}

/** The header that extends another, for errors. */
export interface ExtendedPlace {
  /** Of the header in the tar. */
  offset: number;
  /** What stands in its field of the name, byte by byte: tar programs put something there that tells which entry it is of. */
  name: string;
}

export interface PaxRules {
  /** Of the whole package, so that a name or a size in it is refused. */
  global: boolean;
  /** Whether there may be links at all. */
  links: boolean;
  /** Most records of one header. */
  records: number;
}

/**
 * Reads the records of a pax header, `length keyword=value\n` each.
 *
 * Of them path, size and linkpath concern us. Times, owners, comments and attributes are not restored: the first are
 * checked to be what they say. Everything else that changes what a tar program makes of an entry is refused, also where
 * only some programs heed it; keywords of other vendors mean nothing to anybody but them, and are passed over.
 *
 * @throws TarDamaged (malformed), TarLimitExceeded, UnsafeMember (a sparse file, a link, a keyword that changes meanings,
 * a name that is not UTF-8, anything global that would concern names or sizes)
 */
export function readPax(body: Buffer, place: ExtendedPlace, rules: PaxRules): Override {
  const found: Override = {};
  let count = 0;
  for (let at = 0; at < body.length; ) {
    const { keyword, start, end } = nextRecord(body, at, place);
    if (++count > rules.records) {
      const limit = { limit: "records in a pax header", allowed: rules.records };
      throw new TarLimitExceeded({ ...limit, ...evidence(place) });
    }
    takeRecord(found, keyword, body.subarray(start, end), place, rules);
    at = end + 1;
  }
  return found;
}

function takeRecord(found: Override, keyword: string, value: Buffer, place: ExtendedPlace, rules: PaxRules): void {
  const refuse = (rule: SafetyRule, why: string): never => {
    const named = keyword === "path" || keyword === "linkpath" || keyword === "GNU.sparse.name";
    const { offset, name } = evidence(place);
    throw new UnsafeMember({ rule, offset, name: named ? escapeName(value) : name, why });
  };
  switch (keyword) {
    case "mtime":
    case "atime":
    case "ctime":
      if (isTime(value)) return;
      throw damaged(place, `the pax header's ${keyword} is not a number`);
    case "uid":
    case "gid":
      if (value.length > 0 && value.length <= 10 && digitsUpTo(value, 0) === value.length) return;
      throw damaged(place, `the pax header's ${keyword} is not a number`);
    case "uname":
    case "gname":
    case "comment":
      return;
    case "path":
    case "size":
    case "linkpath":
      if (rules.global) refuse("global-override", `a global header sets the ${keyword} of what follows`);
      if (keyword === "linkpath" && !rules.links) refuse("symbolic-link", "it is a link");
      break;
    default: {
      const [rule, why] = judgeKeyword(keyword, value) ?? [];
      if (rule !== undefined) refuse(rule, why as string);
      return;
    }
  }
  const field = keyword === "linkpath" ? "target" : keyword;
  if (found[field] !== undefined) throw damaged(place, `the pax header has two of ${keyword}`);
  if (field === "size") found.size = readSize(value, place);
  else found[field] = decodeName(value, place.offset);
}

/** Whether a keyword that is not among the common ones would change what is made of an entry. */
function judgeKeyword(keyword: string, value: Buffer): [SafetyRule, string] | undefined {
  if (keyword.startsWith("GNU.sparse.") || sparseElsewhere.has(keyword)) {
    return ["sparse-file", "it is a sparse file"];
  }
  // What names are written in: only UTF-8 can be told apart safely from all else.
  if (keyword === "hdrcharset" || keyword === "charset") {
    return utf8.test(value.toString("latin1"))
      ? undefined
      : ["pax-keyword", `the pax header says by ${keyword} that names are not UTF-8`];
  }
  const vendor = /^(GNU|SCHILY)\./.test(keyword);
  if (/^[A-Za-z][\w-]*\./.test(keyword) && (!vendor || harmless.test(keyword))) return undefined;
  return ["pax-keyword", `the pax header has the keyword "${escapeName(keyword)}", which may change what it means`];
}

/** Sparse files in the words of star, Solaris and BSD. */
const sparseElsewhere: ReadonlySet<string> = new Set(["SCHILY.realsize", "SUN.holesdata"]);

/** Of GNU's keywords none is harmless (sparse files, lists of directories, volumes); of star's these are. */
const harmless = /^SCHILY\.(xattr\..+|acl\.(access|default|ace|type)|fflags|dev|ino|nlink|devmajor|devminor)$/;

const utf8 = /^(ISO-IR 10646 2000 UTF-8|UTF-8)$/;

/** Reads the body of GNU's long name, or long target: the text and a NUL. @throws TarDamaged, UnsafeMember */
export function readLongText(body: Buffer, offset: number): string {
  const end = body.indexOf(0);
  const text = end === -1 ? body : body.subarray(0, end);
  if (end !== -1 && body.subarray(end).some((byte) => byte !== 0)) {
    const why = "there is something behind the end of the name";
    throw new TarDamaged({ offset, why, name: escapeName(text) });
  }
  return decodeName(text, offset);
}

/** Where the value of the record at `at` lies: it ends before its line break. */
function nextRecord(body: Buffer, at: number, place: ExtendedPlace): { keyword: string; start: number; end: number } {
  const space = digitsUpTo(body, at);
  const digits = space - at;
  if (digits === 0 || body[at] === 0x30 || body[space] !== 0x20) {
    throw malformed(place, "a record has no length");
  }
  let length = 0;
  for (let n = at; n < space; n++) length = length * 10 + (body[n] as number) - 0x30;
  const end = at + length - 1;
  if (end >= body.length || body[end] !== 0x0a) throw malformed(place, "a record does not end where it says");
  let equals = space + 1;
  for (; equals < end && body[equals] !== 0x3d; equals++) {
    const unit = body[equals] as number;
    if (unit < 0x21 || unit > 0x7e) throw malformed(place, "a keyword has odd characters");
  }
  if (equals >= end || equals === space + 1) throw malformed(place, "a record has no keyword");
  return { keyword: body.toString("latin1", space + 1, equals), start: equals + 1, end };
}

function digitsUpTo(bytes: Buffer, at: number): number {
  let end = at;
  while (end < bytes.length && (bytes[end] as number) >= 0x30 && (bytes[end] as number) <= 0x39) end++;
  return end;
}

/** Seconds, at most 15 digits of them, with or without a fraction. */
function isTime(value: Buffer): boolean {
  const start = value[0] === 0x2d ? 1 : 0;
  const point = digitsUpTo(value, start);
  if (point === start || point - start > 15) return false;
  return point === value.length || (value[point] === 0x2e && digitsUpTo(value, point + 1) === value.length);
}

function readSize(value: Buffer, place: ExtendedPlace): number {
  const digits = value.toString("latin1");
  const size = Number(digits);
  if (/^[0-9]{1,16}$/.test(digits) && Number.isSafeInteger(size)) return size;
  throw damaged(place, `the pax header has the size "${escapeName(digits)}"`);
}

function malformed(place: ExtendedPlace, why: string): TarDamaged {
  return damaged(place, `the pax header is malformed: ${why}`);
}

function damaged(place: ExtendedPlace, why: string): TarDamaged {
  return new TarDamaged({ ...evidence(place), why });
}

function evidence({ offset, name }: ExtendedPlace): { offset: number; name: string } {
  const end = name.indexOf("\0");
  return { offset, name: escapeName(Buffer.from(end === -1 ? name : name.slice(0, end), "latin1")) };
}
