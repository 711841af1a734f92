import { createHash, type Hash } from "node:crypto";
import { createXXHash64 } from "hash-wasm";
import { UnknownAlgorithm } from "../errors/package.ts";

/** A running checksum. Used again after `reset`; not for two streams at once. */
export interface Hasher {
  readonly algorithm: ChecksumAlgorithm;
  update(bytes: Uint8Array): void;
  /** Lower-case hex. Nothing may be added after it but by way of `reset`. */
  digest(): string;
  /** The digest of what came so far; more may follow. */
  peek(): string;
  reset(): void;
}

export const checksumAlgorithms = ["xxh64", "sha256"] as const;
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

/** What is used where the catalogue says nothing, and for new packages. */
export const defaultAlgorithm: ChecksumAlgorithm = "xxh64";

/** @throws UnknownAlgorithm */
export function checkAlgorithm(algorithm: string): ChecksumAlgorithm {
  if ((checksumAlgorithms as readonly string[]).includes(algorithm)) return algorithm as ChecksumAlgorithm;
  throw new UnknownAlgorithm({ algorithm, known: checksumAlgorithms });
}

/**
 * xxh64 (seed 0, big-endian hex, as `xxhsum -H1` prints it) is by WebAssembly, sha256 by OpenSSL.
 *
 * @throws UnknownAlgorithm
 */
export async function createHasher(algorithm: string): Promise<Hasher> {
  return await makers[checkAlgorithm(algorithm)]();
}

/** Hex digits of a digest. */
export const digestLength: Readonly<Record<ChecksumAlgorithm, number>> = { xxh64: 16, sha256: 64 };

const makers: Readonly<Record<ChecksumAlgorithm, () => Promise<Hasher>>> = {
  async xxh64() {
    const hash = await createXXHash64();
    hash.init();
    return {
      algorithm: "xxh64",
      update: (bytes) => void hash.update(bytes),
      digest: () => hash.digest("hex"),
      peek() {
        const state = hash.save();
        const digest = hash.digest("hex");
        hash.load(state);
        return digest;
      },
      reset: () => void hash.init(),
    };
  },
  async sha256() {
    let hash: Hash = createHash("sha256");
    return {
      algorithm: "sha256",
      update: (bytes) => void hash.update(bytes),
      digest: () => hash.digest("hex"),
      peek: () => hash.copy().digest("hex"),
      reset: () => {
        hash = createHash("sha256");
      },
    };
  },
};
