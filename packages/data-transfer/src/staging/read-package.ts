import { openPackageSource } from "../storage/package-source.ts";
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
  const source = await openPackageSource(archive, key, { expectedSize: size }, signal);
  yield* source.read(0, signal);
}
