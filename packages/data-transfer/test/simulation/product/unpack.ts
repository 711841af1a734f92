import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { TakenOver } from "../../../src/errors/destination.ts";
import { ChecksumMismatch } from "../../../src/errors/package.ts";
import { mkdir, open } from "../disk/fs-promises.ts";

// In place of src/bundle/unpack.ts: the same promises, with a stream in which one file's bytes follow on another's. What the
// real one does with tars, threads and memory has tests of its own; here it matters when which name appears.

interface Options {
  source: AsyncIterable<Uint8Array>;
  manifest: { package: { size: number }; files: { path: string; size: number; checksum?: { digest: string } }[] };
  into: string;
  modes: { file: number; dir: number };
  signal: AbortSignal;
  onBytes?: (bytes: number) => void;
}

export async function unpackPackage({ source, manifest, into, modes, signal, onBytes }: Options) {
  const files: { path: string; size: number; digest: string }[] = [];
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  signal.throwIfAborted();
  try {
    const folders = new Set<string>();
    let done = 0;
    let next = 0;
    for await (const bytes of source) {
      signal.throwIfAborted();
      const file = manifest.files[next++]!;
      for (const folder of foldersOf(file.path)) {
        if (!folders.has(folder)) await mkdir(`${into}/${folder}`, modes.dir);
        folders.add(folder);
      }
      const written = await open(`${into}/${file.path}`, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, modes.file);
      try {
        const half = Math.ceil(bytes.length / 2);
        await written.write(bytes, 0, half, 0);
        signal.throwIfAborted();
        await written.write(bytes, half, bytes.length - half, half);
        await written.sync();
      } finally {
        await written.close();
      }
      const digest = digestOf(bytes);
      if (file.checksum && digest !== file.checksum.digest) {
        const facts = { path: file.path, algorithm: "sha256", expected: file.checksum.digest, found: digest };
        throw new ChecksumMismatch({ ...facts, bytes: file.size });
      }
      files.push({ path: file.path, size: file.size, digest });
      done += bytes.length;
      onBytes?.(done);
    }
    return { files, sumAlgorithm: "sha256", bytes: manifest.package.size, archiveChecksum: undefined };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new TakenOver({ path: into }, { cause: error });
    throw error;
  }
}

function foldersOf(path: string): string[] {
  const segments = path.split("/").slice(0, -1);
  return segments.map((_, i) => segments.slice(0, i + 1).join("/"));
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
