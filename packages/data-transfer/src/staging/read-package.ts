import type { ArchiveBytes } from "../bundle/unpack.ts";
import { LongObject, ShortObject } from "../errors/source.ts";
import type { Storage } from "../storage/storage.ts";

/**
 * An archived package, pinned to the version that the archive has now.
 *
 * An object of another size than the catalogue says is refused before its first byte is read.
 *
 * @param size bytes of the package, by the catalogue
 * @throws ShortObject, LongObject, and whatever the storage throws
 */
export async function openPackage(
  archive: Storage,
  key: string,
  size: number,
  signal: AbortSignal,
): Promise<ArchiveBytes> {
  const info = await archive.stat(key, signal);
  const facts = { storage: archive.name, key, expected: size, found: info.size };
  if (info.size < size) throw new ShortObject(facts);
  if (info.size > size) throw new LongObject(facts);
  const pin = { etag: info.etag, size: info.size };
  return {
    name: `${archive.name}/${key}`,
    ...pin,
    read: (start, readSignal) => archive.read(key, { start }, pin, readSignal),
  };
}
