import { TarDamaged, UnsafeMember, UnsafeName } from "../errors/package.ts";
import { checkMemberPath, escapeName } from "./names.ts";
import type { Override } from "./tar-extended.ts";
import { type RawHeader, readName, readTarget, refuseType } from "./tar-header.ts";
import { checkTarget } from "./tar-links.ts";

/** A regular file or a directory, its name judged already. */
export interface TarEntry {
  kind: "file" | "directory";
  /** Without the slash at the end that directories have in a tar. */
  path: string;
  segments: string[];
  /** Bytes; 0 for directories. */
  size: number;
  /** Of its header in the tar. */
  offset: number;
}

/** A link that is let through by a waiver, name and target judged already. It is to be recorded, and not to be made. */
export interface TarLink {
  kind: "link";
  link: "symbolic" | "hard";
  path: string;
  segments: string[];
  /**
   * Where it leads, as it stands in the tar: from the package for a hard link, from its folder for a symbolic one. Leads to
   * nothing outside the package; whether there is something at that place nobody has looked.
   */
  target: string;
  size: 0;
  offset: number;
}

/**
 * Puts an entry together from its header and from what extended headers said of it.
 *
 * @param at where the header begins in `block`
 * @param waived whether links may be told of
 * @throws TarDamaged, UnsafeMember
 */
export function readEntry(
  block: Buffer,
  at: number,
  header: RawHeader,
  override: Override | undefined,
  offset: number,
  waived: { symbolic: boolean; hard: boolean },
): TarEntry | TarLink {
  const { kind, posix } = header;
  const written = override?.path ?? readName(block, at, posix, offset);
  if (kind === "file" || kind === "directory") {
    if (override?.target !== undefined) {
      throw damaged(written, offset, "it is no link, and an extended header says where it leads");
    }
    return resolve(kind, written, override?.size ?? header.size, offset);
  }
  const link = kind === "symbolic-link" ? "symbolic" : "hard";
  if ((kind !== "symbolic-link" && kind !== "hard-link") || !waived[link]) {
    throw refuseType(block[at + 156] as number, escapeName(written), offset);
  }
  const { path, segments, size } = resolve("file", written, override?.size ?? header.size, offset);
  if (size !== 0) throw damaged(path, offset, "a link has a size");
  const target = override?.target ?? readTarget(block, at, offset);
  checkTarget(link, target, path, offset);
  return { kind: "link", link, path, segments, target, size, offset };
}

function resolve(kind: TarEntry["kind"], written: string, size: number, offset: number): TarEntry {
  const slashed = written.endsWith("/");
  if (kind === "file" && slashed) {
    const why = "it is a file whose name ends in a slash";
    throw new UnsafeMember({ rule: "trailing-slash", offset, name: escapeName(written), why });
  }
  if (kind === "directory" && size !== 0) throw damaged(written, offset, "a directory has a size");
  const path = slashed ? written.slice(0, -1) : written;
  try {
    return { kind, path, segments: checkMemberPath(path), size, offset };
  } catch (error) {
    if (!(error instanceof UnsafeName)) throw error;
    const { rule, facts } = error;
    throw new UnsafeMember({ rule, offset, name: escapeName(written), why: String(facts.why) }, { cause: error });
  }
}

function damaged(name: string, offset: number, why: string): TarDamaged {
  return new TarDamaged({ offset, why, name: escapeName(name) });
}
