import { LongObject, ShortObject } from "../errors/source.ts";
import { type ParallelOptions, readParallel } from "./read-parallel.ts";
import type { Storage } from "./storage.ts";

/** One version of an archived package, to be read from wherever one wants to begin. */
export interface PackageSource {
  /** For logs: the storage's name and the key. Never a credential. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The version that every read insists on: what a journal of verified bytes is bound to. */
  readonly etag: string;
  /**
   * The bytes from `start` to the end, in order, read in parallel parts. A chunk is good until the next one is asked for.
   *
   * @throws ObjectChanged where another version lies there now, and whatever the storage throws
   */
  read(start: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface PackageSourceOptions {
  /** Bytes of the package by the catalogue; undefined where nothing is known of it. */
  expectedSize?: number;
  /** How it is read in parts; by default as the archive was opened for. */
  parallel?: ParallelOptions;
}

/**
 * Asks once which version of a package lies in an archive, and pins it.
 *
 * An object of another size than the catalogue says is refused before its first byte is read.
 *
 * @throws ShortObject, LongObject, and whatever the storage throws
 */
export async function openPackageSource(
  storage: Storage & { readonly parallel?: ParallelOptions },
  key: string,
  options: PackageSourceOptions,
  signal: AbortSignal,
): Promise<PackageSource> {
  const { size, etag, wholeOnly } = await storage.stat(key, signal);
  const expected = options.expectedSize ?? size;
  const facts = { storage: storage.name, key, expected, found: size };
  if (size < expected) throw new ShortObject(facts);
  if (size > expected) throw new LongObject(facts);
  const { parallel = storage.parallel } = options;
  return {
    name: `${storage.name}/${key}`,
    size,
    etag,
    read(start, stop) {
      const pin = { etag, size };
      // Each part would come with all that lies before it.
      if (wholeOnly) return storage.read(key, { start }, pin, stop);
      return readParallel(storage, key, { start }, pin, stop, parallel);
    },
  };
}
