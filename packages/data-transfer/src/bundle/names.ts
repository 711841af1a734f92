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
  const refuse = (rule: SafetyRule, why: string): never => {
    throw new UnsafeName({ rule, name: escapeName(path), why });
  };
  if (!path.isWellFormed() || path.includes("\uFFFD")) refuse("not-utf-8", "it is not valid UTF-8");
  if (controlCharacter.test(path)) refuse("control-character", "it has a control character");
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

/** Equal for names that some file system holds to be the same: after Unicode normalisation and case folding. */
export function nameKey(path: string): string {
  // Most names are plain; for those upper and lower case are all there is.
  if (/^[\x20-\x7e]*$/.test(path)) return path.toLowerCase();
  // Upper case first: it unites what lower case keeps apart (ß and ss, ſ and s).
  return path.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}

/** For errors and logs: printable ASCII, whatever the name holds; cut where it is very long. */
export function escapeName(name: string | Uint8Array): string {
  const text = typeof name === "string" ? name : Buffer.from(name).toString("latin1");
  const hex = typeof name === "string" ? "\\u" : "\\x";
  const escaped = text.slice(0, 300).replace(/[^\x20-\x5b\x5d-\x7e]/g, (unit) => {
    const digits = unit.charCodeAt(0).toString(16);
    return unit === "\\" ? "\\\\" : hex + digits.padStart(hex === "\\u" ? 4 : 2, "0");
  });
  return text.length > 300 ? `${escaped}...` : escaped;
}

// C0, DEL and C1; line and paragraph separators and the marks that change the direction of text deceive readers of logs.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const controlCharacter = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
