import { TarDamaged, UnsafeMember } from "../errors/package.ts";
import { escapeName } from "./names.ts";

/** What extended headers say about the member that follows them. */
export interface Override {
  path?: string;
  size?: number;
}

/**
 * Reads the records of a pax header, `length keyword=value\n` each. Of them only path and size concern us; times, owners
 * and attributes are not restored.
 *
 * @param offset of the pax header in the tar, for errors
 * @throws TarDamaged (malformed), UnsafeMember (a sparse file, a link, a name that is not UTF-8, anything global that would
 * concern names or sizes)
 */
export function readPax(body: Buffer, global: boolean, offset: number): Override {
  const found: Override = {};
  for (const [keyword, value] of records(body, offset)) {
    const refuse = (rule: "sparse-file" | "symbolic-link" | "global-override" | "not-utf-8", why: string): never => {
      throw new UnsafeMember({ rule, offset, name: escapeName(value), why });
    };
    if (keyword.startsWith("GNU.sparse.")) refuse("sparse-file", "it is a sparse file");
    if (keyword === "linkpath") refuse("symbolic-link", "it is a link");
    if (unusedNumbers.get(keyword)?.test(value.toString("latin1")) === false) {
      throw new TarDamaged({ offset, why: `the pax header's ${keyword} is not a number` });
    }
    if (keyword !== "path" && keyword !== "size") continue;
    if (global) refuse("global-override", `a global header sets the ${keyword} of what follows`);
    if (found[keyword] !== undefined) throw new TarDamaged({ offset, why: `the pax header has two of ${keyword}` });
    if (keyword === "path") found.path = decodeName(value, offset);
    else found.size = readSize(value, offset);
  }
  return found;
}

/** Not restored, but what is not a number there is no pax header. */
const unusedNumbers: ReadonlyMap<string, RegExp> = new Map([
  ["uid", /^\d{1,10}$/],
  ["gid", /^\d{1,10}$/],
  ["mtime", /^-?\d{1,15}(\.\d*)?$/],
  ["atime", /^-?\d{1,15}(\.\d*)?$/],
  ["ctime", /^-?\d{1,15}(\.\d*)?$/],
]);

/** Reads the body of GNU's long name: the name and a NUL. @throws TarDamaged, UnsafeMember */
export function readLongName(body: Buffer, offset: number): Override {
  const end = body.indexOf(0);
  const name = end === -1 ? body : body.subarray(0, end);
  if (end !== -1 && body.subarray(end).some((byte) => byte !== 0)) {
    throw new TarDamaged({ offset, why: "there is something behind the end of the name", name: escapeName(name) });
  }
  return { path: decodeName(name, offset) };
}

/** @throws UnsafeMember */
export function decodeName(bytes: Uint8Array, offset: number): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    const facts = { rule: "not-utf-8", offset, name: escapeName(bytes), why: "it is not valid UTF-8" } as const;
    throw new UnsafeMember(facts, { cause });
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function* records(body: Buffer, offset: number): Generator<[string, Buffer]> {
  const damaged = (why: string) => new TarDamaged({ offset, why: `the pax header is malformed: ${why}` });
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const digits = space === -1 ? "" : body.toString("latin1", at, space);
    if (!/^[1-9][0-9]{0,7}$/.test(digits)) throw damaged("a record has no length");
    const end = at + Number(digits);
    if (end > body.length || body[end - 1] !== 0x0a) throw damaged("a record does not end where it says");
    const equals = body.indexOf(0x3d, space + 1);
    if (equals === -1 || equals >= end || equals === space + 1) throw damaged("a record has no keyword");
    const keyword = body.toString("latin1", space + 1, equals);
    if (!/^[\x21-\x7e]+$/.test(keyword)) throw damaged("a keyword has odd characters");
    yield [keyword, body.subarray(equals + 1, end - 1)];
    at = end;
  }
}

function readSize(value: Buffer, offset: number): number {
  const digits = value.toString("latin1");
  const size = Number(digits);
  if (/^[0-9]{1,16}$/.test(digits) && Number.isSafeInteger(size)) return size;
  throw new TarDamaged({ offset, why: `the pax header has the size "${escapeName(digits)}"` });
}
