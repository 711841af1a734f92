import type { Checksum } from "../model/package.ts";
import { type ChecksumAlgorithm, checksumAlgorithms, digestLength } from "./hash.ts";

/** What a file has to be. */
export interface ExpectedFile {
  size: number;
  checksums: readonly (Checksum & { algorithm: ChecksumAlgorithm })[];
}

/** Flags, sizes and digests of a package's members by number, in few large arrays instead of many small objects. */
export interface FactTable {
  /** Appends an entry with these flags, its number being one more than the last. */
  add(flags: number): void;
  flags(entry: number): number;
  setFlags(entry: number, flags: number): void;
  setFile(entry: number, file: { size: number; checksums: readonly Checksum[] }): void;
  expected(entry: number): ExpectedFile;
}

const chunkEntries = 1 << 14;

interface Chunk {
  flags: Uint8Array;
  sizes: Float64Array;
  /** Made when the first file with such a digest comes. */
  digests: Partial<Record<ChecksumAlgorithm, Buffer>>;
}

/** In the upper bits of an entry's flags: which digests it has. */
const hasDigest: Readonly<Record<ChecksumAlgorithm, number>> = { xxh64: 0x40, sha256: 0x80 };

export function createFactTable(): FactTable {
  const chunks: Chunk[] = [];
  let count = 0;
  const chunkOf = (entry: number) => chunks[Math.floor(entry / chunkEntries)] as Chunk;

  return {
    add(flags) {
      if (count % chunkEntries === 0) {
        chunks.push({ flags: new Uint8Array(chunkEntries), sizes: new Float64Array(chunkEntries), digests: {} });
      }
      chunkOf(count).flags[count % chunkEntries] = flags;
      count += 1;
    },
    flags: (entry) => chunkOf(entry).flags[entry % chunkEntries] as number,
    setFlags(entry, flags) {
      chunkOf(entry).flags[entry % chunkEntries] = flags;
    },

    setFile(entry, { size, checksums }) {
      const { flags, sizes, digests } = chunkOf(entry);
      const at = entry % chunkEntries;
      sizes[at] = size;
      for (const { algorithm, digest } of checksums) {
        const known = algorithm as ChecksumAlgorithm;
        const length = digestLength[known] / 2;
        digests[known] ??= Buffer.alloc(chunkEntries * length);
        digests[known].write(digest, at * length, length, "hex");
        flags[at] = (flags[at] as number) | hasDigest[known];
      }
    },

    expected(entry) {
      const { flags, sizes, digests } = chunkOf(entry);
      const at = entry % chunkEntries;
      const known = checksumAlgorithms.filter((algorithm) => ((flags[at] as number) & hasDigest[algorithm]) !== 0);
      return {
        size: sizes[at] as number,
        checksums: known.map((algorithm) => {
          const length = digestLength[algorithm] / 2;
          const bytes = digests[algorithm] as Buffer;
          return { algorithm, digest: bytes.toString("hex", at * length, (at + 1) * length) };
        }),
      };
    },
  };
}
