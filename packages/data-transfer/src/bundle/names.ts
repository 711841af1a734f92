import { type SafetyRule, UnsafeName } from "../errors/package.ts";

/** Limits of Linux file systems, in bytes of UTF-8; a path has to leave room for the directory that it is put below. */
export const nameMax = 255;
export const pathMax = 3072;
export const depthMax = 64;
/** A package's name gets prefixes and endings (private directory, quarantine, list of checksums). */
export const packageNameMax = 200;

/**
 * Takes a path apart that comes from a package or from the catalogue. It is judged, never mended.
 *
 * @throws UnsafeName with the rule that it breaks
 */
export function checkMemberPath(path: string): string[] {
  return plainSegments(path) ?? judge(path);
}

/** The parts of a path that is plain and lawful at one glance, as nearly all are; undefined says only that it was not. */
function plainSegments(path: string): string[] | undefined {
  const end = path.length;
  if (end > pathMax || path.charCodeAt(1) === colon) return undefined;
  const segments: string[] = [];
  let start = 0;
  for (let at = 0; at <= end; at++) {
    const unit = at === end ? slash : path.charCodeAt(at);
    if (unit !== slash) {
      if (unit < 0x20 || unit > 0x7e || unit === backslash) return undefined;
      continue;
    }
    const length = at - start;
    if (length === 0 || length > nameMax) return undefined;
    if (length <= 2 && path.charCodeAt(start) === dot && path.charCodeAt(at - 1) === dot) return undefined;
    segments.push(path.slice(start, at));
    start = at + 1;
  }
  return segments.length > depthMax ? undefined : segments;
}

const [dot, slash, colon, backslash] = [0x2e, 0x2f, 0x3a, 0x5c];

function judge(path: string): string[] {
  const refuse = (rule: SafetyRule, why: string): never => {
    throw new UnsafeName({ rule, name: escapeName(path), why });
  };
  if (!path.isWellFormed() || path.includes("\uFFFD")) refuse("not-utf-8", "it is not valid UTF-8");
  if (deceivingCharacter.test(path)) refuse("control-character", "it has a control character");
  if (path.startsWith("/")) refuse("absolute-path", "it is an absolute path");
  if (/^[A-Za-z]:/.test(path)) refuse("drive-letter", "it begins with a drive letter");
  if (path.includes("\\")) refuse("backslash", "it has a backslash, which is a separator to some");
  if (Buffer.byteLength(path) > pathMax) refuse("path-too-long", `it is longer than ${pathMax} bytes`);
  const segments = path.split("/");
  if (segments.length > depthMax) refuse("too-deep", `it is deeper than ${depthMax} folders`);
  for (const segment of segments) {
    if (segment === "") refuse("empty-segment", "a part of it is empty");
    if (segment === "." || segment === "..") refuse("dot-segment", `it has a part "${segment}"`);
    if (segment.length > nameMax / 3 && Buffer.byteLength(segment) > nameMax) {
      refuse("name-too-long", `a part of it is longer than ${nameMax} bytes`);
    }
  }
  return segments;
}

// C0, DEL and C1; line and paragraph separators and the marks that change the direction of text deceive readers of logs.
const deceivingCharacter = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** Whether a text has control characters, or others that make it look like something else. */
export function hasDeceivingCharacter(text: string): boolean {
  return deceivingCharacter.test(text);
}

/**
 * A package's name is one part of a path, by the same rules, and not a hidden one: those are ours (`.staging-...`).
 *
 * @throws UnsafeName
 */
export function checkPackageName(name: string): string {
  const segments = checkMemberPath(name);
  const refuse = (rule: SafetyRule, why: string): never => {
    throw new UnsafeName({ rule, name: escapeName(name), why });
  };
  if (segments.length > 1) refuse("too-deep", "the name of a package has no slash");
  if (name.startsWith(".")) refuse("hidden-package-name", "the name of a package does not begin with a dot");
  if (Buffer.byteLength(name) > packageNameMax) refuse("name-too-long", `it is longer than ${packageNameMax} bytes`);
  return name;
}

/**
 * Equal for names that some file system holds to be the same, or that look the same: after compatibility normalisation
 * (ZFS's formKC and formKD; NFC and NFD with it), full case folding, and without characters that show nothing (HFS+ and
 * ext4 pass over those).
 *
 * So `ß`, `ẞ`, `ss` and `SS` are one name, and so are the ligature `ﬁ` and `FI`, `K` and the Kelvin sign. Of the Turkish
 * letters, the dotless `ı` is an `i`, since it has the upper case `I`; the dotted `İ` is an `i` with a second dot above,
 * as in Unicode's full folding, and so no `i`: no file system folds by Turkish rules alone.
 */
export function nameKey(path: string): string {
  // Most names are plain; for those upper and lower case are all there is.
  if (!beyondAscii.test(path)) return path.toLowerCase();
  const plain = path.normalize("NFKD").replace(ignorable, "");
  // Lower case first: it takes ẞ to ß, which upper case takes to SS. Upper case: it unites what lower case keeps apart.
  return plain.toLowerCase().toUpperCase().toLowerCase().normalize("NFKD");
}

const beyondAscii = /[^\x20-\x7e]/;
const ignorable = /\p{Default_Ignorable_Code_Point}/gu;

/** For errors and logs: printable ASCII, whatever the name holds; cut where it is very long. */
export function escapeName(name: string | Uint8Array): string {
  const most = 300;
  let escaped = "";
  for (let at = 0; at < name.length; at++) {
    if (escaped.length >= most) return `${escaped}...`;
    escaped +=
      typeof name === "string" ? escapeUnit(name.charCodeAt(at), "\\u", 4) : escapeUnit(name[at] as number, "\\x", 2);
  }
  return escaped;
}

function escapeUnit(unit: number, prefix: string, digits: number): string {
  if (unit === backslash) return "\\\\";
  if (unit >= 0x20 && unit <= 0x7e) return String.fromCharCode(unit);
  return prefix + unit.toString(16).padStart(digits, "0");
}
