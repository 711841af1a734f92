import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ArchiveBytes } from "../../src/bundle/unpack.ts";
import { sha256 } from "./lenient-manifest.ts";

/** All that lies below a directory: path to sha256 for a file, to "directory", or to what else it is. */
export async function treeOf(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name);
    const stats = await lstat(path);
    found[name] = stats.isDirectory() ? "directory" : stats.isFile() ? sha256(await readFile(path)) : "special";
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** An archive of these bytes, which come in chunks of that size. */
export function anArchive(bytes: Uint8Array, chunk: number): ArchiveBytes {
  return { name: "archive", etag: "1", size: bytes.length, read: (start) => inChunks(bytes.subarray(start), chunk) };
}

/** Bytes in chunks of any size: what comes from a network. */
export async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
