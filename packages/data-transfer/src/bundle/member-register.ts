import { DuplicateMember, UnsafeMember } from "../errors/package.ts";
import { escapeName, nameKey } from "./names.ts";

/** All names of one package, and what each stands for. */
export interface MemberRegister {
  /**
   * Notes a file or directory and, as directories, all folders above it.
   *
   * @param offset where in the tar, for the error
   * @throws DuplicateMember, UnsafeMember (a file used as a directory)
   */
  add(segments: readonly string[], kind: MemberKind, offset: number): void;
}

export type MemberKind = "file" | "directory";

/**
 * Keeps names apart that are equal, or equal to a file system that folds case or normalises Unicode. A directory may be
 * named once by an entry of its own and any number of times by what lies in it, always in the same spelling.
 */
export function createMemberRegister(): MemberRegister {
  const seen = new Map<string, { path: string | undefined; kind: MemberKind; explicit: boolean }>();
  // Files come folder by folder: the folder just seen needs no second look.
  let lastParent = "";

  return {
    add(segments, kind, offset) {
      const path = segments.join("/");
      const parent = path.slice(0, Math.max(0, path.length - (segments.at(-1) as string).length - 1));
      if (parent !== lastParent) {
        for (let depth = 1; depth < segments.length; depth++) {
          addOne(segments.slice(0, depth).join("/"), "directory", false, offset);
        }
        lastParent = parent;
      }
      addOne(path, kind, true, offset);
    },
  };

  function addOne(path: string, kind: MemberKind, explicit: boolean, offset: number): void {
    const key = nameKey(path);
    const other = seen.get(key);
    if (other === undefined) {
      // A plain name is its own key: one string instead of two.
      seen.set(key, { path: key === path ? undefined : path, kind, explicit });
      return;
    }
    const otherPath = other.path ?? key;
    if (otherPath === path && kind !== other.kind) {
      const why = "one entry uses it as a file, another as a directory";
      throw new UnsafeMember({ rule: "file-used-as-directory", offset, name: escapeName(path), why });
    }
    if (otherPath !== path || kind === "file" || (explicit && other.explicit)) {
      throw new DuplicateMember({ path: escapeName(path), other: escapeName(otherPath), offset });
    }
    other.explicit ||= explicit;
  }
}
