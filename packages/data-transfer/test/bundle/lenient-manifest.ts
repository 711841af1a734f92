import { createHash } from "node:crypto";
import type { ManifestFile } from "../../src/bundle/manifest.ts";
import { createMemberRegister } from "../../src/bundle/member-register.ts";
import type { PackedManifest } from "../../src/bundle/pack.ts";
import { createTarReader } from "../../src/bundle/tar-reader.ts";

/**
 * A catalogue that agrees with a tar as far as any can: every file that a reader comes to is in it, so that nothing but
 * the tar itself can be the reason for a refusal.
 */
export async function lenientManifest(bytes: Buffer, name = "package"): Promise<PackedManifest> {
  const manifest: PackedManifest = { package: { name, size: bytes.length, checksums: [] }, files: [] };
  const found: ManifestFile[] = [];
  const reader = createTarReader({
    entry({ kind, path, size }) {
      if (kind === "file") found.push({ path, size, checksums: [] });
    },
    data() {},
    endOfFile() {},
  });
  try {
    reader.push(bytes);
  } catch {
    // What came before it is all that can be in a catalogue.
  }
  for (const file of found) await addIfLawful(manifest, file);
  return manifest;
}

/** The catalogue would not take a name twice either, nor one that meets another. */
async function addIfLawful(manifest: PackedManifest, file: ManifestFile): Promise<void> {
  try {
    await createMemberRegister({ ...manifest, files: [...manifest.files, file] });
    manifest.files.push(file);
  } catch {
    // Left out: the tar has to be refused for it before the catalogue is asked.
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
