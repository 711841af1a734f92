import { LongObject, ShortObject } from "../errors/source.ts";
import type { Storage } from "../storage/storage.ts";

/**
 * The bytes of an archived package, pinned to the version that the archive has now.
 *
 * An object of another size than the catalogue says is refused before its first byte is read.
 *
 * @param size bytes of the package, by the catalogue
 * @throws ShortObject, LongObject, and whatever the storage throws
 */
export async function* readPackage(
  archive: Storage,
  key: string,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const info = await archive.stat(key, signal);
  const facts = { storage: archive.name, key, expected: size, found: info.size };
  if (info.size < size) throw new ShortObject(facts);
  if (info.size > size) throw new LongObject(facts);
  yield* archive.read(key, { start: 0 }, { etag: info.etag, size: info.size }, signal);
}
