import { DataTransferError } from "../errors/data-transfer-error.ts";
import { DuplicateMember, ExtraFile, ManifestInvalid, MissingFile, UnsafeMember } from "../errors/package.ts";
import type { Checksum } from "../model/package.ts";
import { createFactTable, type ExpectedFile } from "./fact-table.ts";
import { type ChecksumAlgorithm, checksumAlgorithms, defaultAlgorithm } from "./hash.ts";
import { checkFacts, filesOf, type Manifest } from "./manifest.ts";
import { createNameTable } from "./name-table.ts";
import { checkMemberPath, checkPackageName, escapeName } from "./names.ts";

/**
 * All names of one package, and what each stands for: those that the manifest expects, ticked off one by one, and the
 * folders above them. Memory is some 50 bytes a file, whatever the names' length.
 */
export interface MemberRegister {
  /** Files that the manifest names. */
  readonly fileCount: number;
  /** Sum of their sizes, in bytes. */
  readonly bytes: number;
  /** Every algorithm that the manifest's files need. */
  readonly algorithms: ReadonlySet<ChecksumAlgorithm>;
  /** Algorithm of the sums that are written beside the package: the manifest's, where it has one for all. */
  readonly sumAlgorithm: ChecksumAlgorithm;
  /**
   * Notes a file, and all folders above it.
   *
   * @param offset where in the tar, for errors
   * @returns what the manifest says of it; undefined where nobody knows the package's files
   * @throws ExtraFile, DuplicateMember, UnsafeMember (a file used as a directory)
   */
  file(path: string, segments: readonly string[], offset: number): ExpectedFile | undefined;
  /** Notes a directory. @throws DuplicateMember, UnsafeMember */
  directory(path: string, segments: readonly string[], offset: number): void;
  /** Notes a link that is let through: its name must be nobody else's. @throws DuplicateMember, UnsafeMember */
  link(path: string, segments: readonly string[], offset: number): void;
  /** @throws MissingFile with the first files that were not there */
  complete(): Promise<void>;
}

/** A bit each. */
const isFile = 1;
const isExplicit = 2;
const wasSeen = 4;

/**
 * Reads a manifest once and prepares it for look-ups. Keeps names apart that are equal, or equal to a file system that
 * folds case or normalises Unicode. A directory may be named once by an entry of its own and any number of times by what
 * lies in it, always in the same spelling.
 *
 * @throws ManifestInvalid, UnsafeName (the package's own), UnknownAlgorithm, and what the manifest's files throw
 */
export async function createMemberRegister(manifest: Manifest): Promise<MemberRegister> {
  const { name: packageName, size, checksums } = manifest.package;
  checkPackageName(packageName);
  checkFacts(packageName, "the package", { size: size ?? 0, checksums });
  const names = createNameTable();
  const facts = createFactTable();
  // Files come folder by folder: the folder just seen needs no second look.
  let lastParent = "";
  let fileCount = 0;
  let bytes = 0;
  let seenCount = 0;
  let withSum = new Map<ChecksumAlgorithm, number>();
  for await (const file of filesOf(manifest)) expect(file);

  const common = checksumAlgorithms.find((algorithm) => fileCount > 0 && withSum.get(algorithm) === fileCount);
  return {
    fileCount,
    bytes,
    algorithms: new Set(withSum.keys()),
    sumAlgorithm: common ?? defaultAlgorithm,

    file(path, segments, offset) {
      if (manifest.files !== undefined) return tickOff(path, segments, offset);
      addFolders(path, segments, offset);
      add(path, isFile | isExplicit | wasSeen, offset);
      return undefined;
    },

    directory(path, segments, offset) {
      addFolders(path, segments, offset);
      add(path, isExplicit, offset);
    },

    link(path, segments, offset) {
      addFolders(path, segments, offset);
      add(path, isFile | isExplicit | wasSeen, offset);
    },

    async complete() {
      if (seenCount === fileCount || manifest.files === undefined) return;
      const paths: string[] = [];
      for await (const { path } of filesOf(manifest)) {
        const entry = names.find(path);
        if (entry === -1 || (facts.flags(entry) & wasSeen) === 0) paths.push(escapeName(path));
        if (paths.length === 10) break;
      }
      throw new MissingFile({ paths, count: fileCount - seenCount });
    },
  };

  function expect(file: { path: string; size: number; checksums: readonly Checksum[] }): void {
    const { path } = file;
    checkFacts(packageName, path, file);
    try {
      const segments = checkMemberPath(path);
      addFolders(path, segments, 0);
      facts.setFile(add(path, isFile, 0), file);
    } catch (error) {
      if (!(error instanceof DataTransferError)) throw error;
      throw new ManifestInvalid({ package: packageName, path: JSON.stringify(path), why: error.message });
    }
    for (const { algorithm } of file.checksums) {
      const known = algorithm as ChecksumAlgorithm;
      withSum = withSum.set(known, (withSum.get(known) ?? 0) + 1);
    }
    fileCount += 1;
    bytes += file.size;
  }

  function tickOff(path: string, segments: readonly string[], offset: number): ExpectedFile {
    addFolders(path, segments, offset);
    const entry = names.find(path);
    const flags = entry === -1 ? 0 : facts.flags(entry);
    if (entry !== -1 && (flags & isFile) === 0 && names.sameSpelling) throw usedBoth(path, offset);
    if ((flags & wasSeen) !== 0)
      throw new DuplicateMember({ path: escapeName(path), sameSpelling: names.sameSpelling, offset });
    if (entry === -1 || !names.sameSpelling) throw new ExtraFile({ path: escapeName(path), offset });
    facts.setFlags(entry, flags | wasSeen);
    seenCount += 1;
    return facts.expected(entry);
  }

  function addFolders(path: string, segments: readonly string[], offset: number): void {
    const parent = path.slice(0, Math.max(0, path.length - (segments.at(-1) as string).length - 1));
    if (parent === lastParent) return;
    for (let depth = 1; depth < segments.length; depth++) add(segments.slice(0, depth).join("/"), 0, offset);
    lastParent = parent;
  }

  function add(path: string, flags: number, offset: number): number {
    const entry = names.find(path);
    if (entry === -1) {
      facts.add(flags);
      return names.add();
    }
    const before = facts.flags(entry);
    if (names.sameSpelling && (flags & isFile) !== (before & isFile)) throw usedBoth(path, offset);
    const twice = (flags & isFile) !== 0 || (flags & before & isExplicit) !== 0;
    if (twice || !names.sameSpelling) {
      throw new DuplicateMember({ path: escapeName(path), sameSpelling: names.sameSpelling, offset });
    }
    facts.setFlags(entry, before | flags);
    return entry;
  }

  function usedBoth(path: string, offset: number): UnsafeMember {
    const why = "one entry uses it as a file, another as a directory";
    return new UnsafeMember({ rule: "file-used-as-directory", offset, name: escapeName(path), why });
  }
}
