import { DataTransferError } from "../errors/data-transfer-error.ts";
import { ManifestInvalid } from "../errors/package.ts";
import type { Checksum, RawDataFile, RawDataPackage } from "../model/package.ts";
import { type ChecksumAlgorithm, checkAlgorithm, defaultAlgorithm, digestLength } from "./hash.ts";
import { createMemberRegister } from "./member-register.ts";
import { checkMemberPath, checkPackageName } from "./names.ts";

/** What a package has to be, byte for byte, as the catalogue knows it. */
export interface Manifest {
  package: { name: string; size: number; checksum?: Checksum };
  files: ManifestFile[];
}

export interface ManifestFile {
  /** Path inside the package, `/` between the parts. */
  path: string;
  size: number;
  checksum?: Checksum;
}

/** The manifest that follows from the catalogue's rows. */
export function manifestOf(
  { name, size, checksum }: Pick<RawDataPackage, "name" | "size" | "checksum">,
  files: Iterable<Pick<RawDataFile, "path" | "size" | "checksum">>,
): Manifest {
  return {
    package: { name, size, checksum },
    files: Array.from(files, (file) => ({ path: file.path, size: file.size, checksum: file.checksum })),
  };
}

/** A manifest prepared for being compared with what is found; each file can be ticked off once. */
export interface ManifestIndex {
  readonly fileCount: number;
  /** Sum of all files, in bytes. */
  readonly bytes: number;
  /** Algorithm of all sums that are written beside the package. */
  readonly sumAlgorithm: ChecksumAlgorithm;
  /** Undefined when the manifest has no such file. Ticks it off. */
  take(path: string): ExpectedFile | undefined;
  /** Files that were not taken: the first few, and how many. */
  left(): { paths: string[]; count: number };
}

export interface ExpectedFile {
  size: number;
  checksum: { algorithm: ChecksumAlgorithm; digest: string } | undefined;
}

/**
 * Checks a manifest by itself (names, sizes, algorithms, digests, duplicates) and prepares it for look-ups.
 *
 * @throws ManifestInvalid, UnsafeName (the package's own), UnknownAlgorithm, DuplicateMember
 */
export function indexManifest(manifest: Manifest): ManifestIndex {
  const { name, size, checksum } = manifest.package;
  checkPackageName(name);
  const invalid = (path: string, why: string) => new ManifestInvalid({ package: name, path, why });
  if (!Number.isSafeInteger(size) || size < 0) throw invalid("the package", `its size is ${size}`);
  if (checksum !== undefined) checkDigest(checksum, (why) => invalid("the package", why));

  const register = createMemberRegister();
  const places = new Map<string, number>();
  const taken = new Uint8Array(manifest.files.length);
  const algorithms = new Set<ChecksumAlgorithm>();
  let bytes = 0;
  manifest.files.forEach((file, place) => {
    try {
      register.add(checkMemberPath(file.path), "file", 0);
    } catch (error) {
      if (!(error instanceof DataTransferError)) throw error;
      throw invalid(JSON.stringify(file.path), error.message);
    }
    if (!Number.isSafeInteger(file.size) || file.size < 0) throw invalid(file.path, `its size is ${file.size}`);
    if (file.checksum !== undefined) algorithms.add(checkDigest(file.checksum, (why) => invalid(file.path, why)));
    bytes += file.size;
    places.set(file.path, place);
  });

  return {
    fileCount: manifest.files.length,
    bytes,
    sumAlgorithm: algorithms.size === 1 ? ([...algorithms][0] as ChecksumAlgorithm) : defaultAlgorithm,
    take(path) {
      const place = places.get(path);
      if (place === undefined || taken[place] === 1) return undefined;
      taken[place] = 1;
      const { size, checksum } = manifest.files[place] as ManifestFile;
      return { size, checksum: checksum as ExpectedFile["checksum"] };
    },
    left() {
      const paths: string[] = [];
      let count = 0;
      taken.forEach((yes, place) => {
        if (yes === 1) return;
        count += 1;
        if (paths.length < 10) paths.push((manifest.files[place] as ManifestFile).path);
      });
      return { paths, count };
    },
  };
}

function checkDigest({ algorithm, digest }: Checksum, invalid: (why: string) => Error): ChecksumAlgorithm {
  const known = checkAlgorithm(algorithm);
  if (digest.length === digestLength[known] && /^[0-9a-f]+$/.test(digest)) return known;
  throw invalid(`its ${algorithm} is not ${digestLength[known]} lower-case hex digits`);
}
