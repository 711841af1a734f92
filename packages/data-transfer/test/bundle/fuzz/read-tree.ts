import { createTarReader, type TarEntry, type TarLink } from "../../../src/bundle/tar-reader.ts";
import { DataTransferError } from "../../../src/errors/data-transfer-error.ts";
import type { SafetyRule } from "../../../src/errors/package.ts";
import { nameRegister } from "../unpack-tar.ts";

/** What lies below a directory: for each path the contents of a file, or the target of a link, or that it is a directory. */
export type Tree = Map<string, Buffer | "directory" | `link to ${string}`>;

/** What the reader, with the register of names behind it, finds in a tar: a tree, or a coded refusal. */
export interface Reading {
  tree?: Tree;
  /** Code, rule and evidence. */
  refusal?: { code: string; facts: string };
}

/** Symbolic links are let through where they are harmless: then GNU tar has to make the same ones. */
export const waivedRules: ReadonlySet<SafetyRule> = new Set(["symbolic-link"]);

/**
 * @param pieces lengths of the pieces in which it comes, over and over; in one when left out
 * @throws whatever is no coded refusal
 */
export async function readTree(bytes: Buffer, pieces: readonly number[] = [bytes.length]): Promise<Reading> {
  const tree: Tree = new Map();
  const register = await nameRegister();
  let file: { path: string; size: number; parts: Buffer[] } | undefined;
  const above = (segments: readonly string[]) => {
    for (let depth = 1; depth < segments.length; depth++) tree.set(segments.slice(0, depth).join("/"), "directory");
  };
  const sink = {
    entry(entry: TarEntry) {
      const { kind, path, segments, size } = entry;
      register.note(entry);
      above(segments);
      if (kind === "directory") tree.set(path, "directory");
      else file = { path, size, parts: [] };
    },
    data(part: Uint8Array) {
      // A copy: the pieces below are used again and again.
      file?.parts.push(Buffer.from(part));
    },
    endOfFile() {
      const { path, size, parts } = file as NonNullable<typeof file>;
      const contents = Buffer.concat(parts);
      if (contents.length !== size) throw new Error(`${path} has ${contents.length} bytes of ${size}`);
      tree.set(path, contents);
      file = undefined;
    },
    link(link: TarLink) {
      const { path, segments, target } = link;
      register.note(link);
      above(segments);
      tree.set(path, `link to ${target}`);
    },
  };
  try {
    const reader = createTarReader(sink, { waivedRules });
    for (let at = 0, n = 0; at < bytes.length; n++) {
      const length = Math.max(1, pieces[n % pieces.length] as number);
      const piece = Buffer.from(bytes.subarray(at, at + length));
      reader.push(piece);
      // Whoever keeps a view of what was pushed will be found out.
      piece.fill(0xee);
      at += length;
    }
    reader.end();
    return { tree };
  } catch (error) {
    if (!(error instanceof DataTransferError)) throw error;
    return { refusal: { code: error.code, facts: JSON.stringify(error.facts) } };
  }
}

/** Whether two readings are the same, to the byte of the evidence. */
export function sameReading(one: Reading, other: Reading): boolean {
  if (one.refusal !== undefined || other.refusal !== undefined) {
    return one.refusal?.code === other.refusal?.code && one.refusal?.facts === other.refusal?.facts;
  }
  return sameTree(one.tree as Tree, other.tree as Tree);
}

export function sameTree(one: Tree, other: Tree): boolean {
  if (one.size !== other.size) return false;
  for (const [path, what] of one) {
    const there = other.get(path);
    const same = typeof what === "string" || typeof there !== "object" ? what === there : what.equals(there);
    if (!same) return false;
  }
  return true;
}

/** In a line a path, for whoever has to find out what is different. */
export function printTree(tree: Tree): string {
  const lines = Array.from(
    tree,
    ([path, what]) => `${path}: ${typeof what === "string" ? what : `${what.length} bytes`}`,
  );
  return lines.sort().join("\n");
}
