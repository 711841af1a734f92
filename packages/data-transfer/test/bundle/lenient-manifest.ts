import { createHash } from "node:crypto";
import type { Manifest, ManifestFile } from "../../src/bundle/manifest.ts";
import { indexManifest } from "../../src/bundle/manifest.ts";
import { createTarReader } from "../../src/bundle/tar-reader.ts";

/**
 * A catalogue that agrees with a tar as far as any can: every file that a reader comes to is in it, so that nothing but
 * the tar itself can be the reason for a refusal.
 */
export function lenientManifest(bytes: Buffer, name = "package"): Manifest {
  const manifest: Manifest = { package: { name, size: bytes.length }, files: [] };
  const reader = createTarReader({
    entry({ kind, path, size }) {
      if (kind === "file") addIfLawful(manifest, { path, size });
    },
    data() {},
    endOfFile() {},
  });
  try {
    reader.push(bytes);
  } catch {
    // What came before it is all that can be in a catalogue.
  }
  return manifest;
}

/** The catalogue would not take a name twice either, nor one that meets another. */
function addIfLawful(manifest: Manifest, file: ManifestFile): void {
  try {
    indexManifest({ ...manifest, files: [...manifest.files, file] });
    manifest.files.push(file);
  } catch {
    // Left out: the tar has to be refused for it before the catalogue is asked.
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
