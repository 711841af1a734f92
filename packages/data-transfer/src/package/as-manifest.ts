import type { Manifest } from "../bundle/manifest.ts";
import type { FileManifest } from "../bundle/manifest-file.ts";
import { checkPackageName } from "../bundle/names.ts";
import { UnsafeName } from "../errors/package.ts";

/**
 * What a package has to be, for the code that a worker uses, too. Without a manifest the rules of the tar alone hold.
 *
 * @param about its name is for sentences: one that no package may have is left out of them
 */
export function asManifest({ name }: { name: string }, manifest: FileManifest | undefined): Manifest {
  const { size, checksums } = manifest?.package ?? { size: undefined, checksums: [] };
  return { package: { name: lawful(name), size, checksums }, files: manifest?.files };
}

function lawful(name: string): string {
  try {
    return checkPackageName(name);
  } catch (error) {
    if (error instanceof UnsafeName) return "the package";
    throw error;
  }
}
