import { ManifestInvalid } from "../errors/package.ts";
import type { Checksum } from "../model/package.ts";
import { type ChecksumAlgorithm, checkAlgorithm, digestLength } from "./hash.ts";

/** What a package has to be, byte for byte, as the catalogue (or a manifest file) knows it. */
export interface Manifest {
  package: {
    name: string;
    /** Bytes of the tar; undefined where nobody knows. */
    size?: number;
    /** All of them are checked. */
    checksums: readonly Checksum[];
  };
  /**
   * Every file that the package holds, in any order. A function is asked again where a second look is needed, so that the
   * files of a large package need not lie in memory. Undefined where nobody knows: then the rules of the tar alone hold.
   */
  files: ManifestFiles | undefined;
}

export type ManifestFiles = readonly ManifestFile[] | (() => AsyncIterable<ManifestFile>);

export interface ManifestFile {
  /** Path inside the package, `/` between the parts. */
  path: string;
  size: number;
  /** All of them are checked. */
  checksums: readonly Checksum[];
}

/** The files of a manifest, from the first. */
export function filesOf({ files }: Manifest): AsyncIterable<ManifestFile> | Iterable<ManifestFile> {
  return typeof files === "function" ? files() : (files ?? []);
}

/**
 * Checks what stands beside a name: a size, and digests of known algorithms, one of each at most.
 *
 * @throws ManifestInvalid, UnknownAlgorithm
 */
export function checkFacts(
  packageName: string,
  about: string,
  { size, checksums }: { size: number; checksums: readonly Checksum[] },
): void {
  const invalid = (why: string) => new ManifestInvalid({ package: packageName, path: about, why });
  if (!Number.isSafeInteger(size) || size < 0) throw invalid(`its size is ${size}`);
  const seen = new Set<ChecksumAlgorithm>();
  for (const { algorithm, digest } of checksums) {
    const known = checkAlgorithm(algorithm);
    if (seen.has(known)) throw invalid(`it has two digests by ${algorithm}`);
    seen.add(known);
    if (digest.length !== digestLength[known] || !/^[0-9a-f]+$/.test(digest)) {
      throw invalid(`its ${algorithm} is not ${digestLength[known]} lower-case hex digits`);
    }
  }
}
