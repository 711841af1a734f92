import { createMemberRegister } from "../../src/bundle/member-register.ts";
import type { TarEntry, TarLink } from "../../src/bundle/tar-reader.ts";
import { unpackPackage } from "../../src/bundle/unpack.ts";
import { lenientManifest } from "./lenient-manifest.ts";
import { anArchive } from "./tree.ts";

/**
 * Takes a tar through the whole of unpacking, with a catalogue that agrees with it as far as any can.
 *
 * @param into exists, and is empty
 * @returns where the tree lies
 */
export async function unpackTar(bytes: Buffer, chunk: number, into: string): Promise<string> {
  const { tree } = await unpackPackage({
    ...{ source: anArchive(bytes, chunk), manifest: await lenientManifest(bytes), directory: into },
    ...{ modes: { file: 0o640, dir: 0o750 }, signal: new AbortController().signal },
  });
  return tree;
}

/** The names of a package whose files nobody knows beforehand; a link takes up its name as a file does. */
export async function nameRegister(): Promise<{ note(entry: TarEntry | TarLink): void }> {
  const register = await createMemberRegister({ package: { name: "package", checksums: [] }, files: undefined });
  return {
    note({ kind, path, segments, offset }) {
      register[kind](path, segments, offset);
    },
  };
}
