import { lstat } from "node:fs/promises";
import type { Logger } from "pino";
import { defaultAlgorithm } from "../bundle/hash.ts";
import type { FileManifest } from "../bundle/manifest-file.ts";
import { removeTree } from "../bundle/remove-tree.ts";
import { translateWriteError } from "../bundle/translate-write-error.ts";
import type { TreeModes } from "../bundle/tree-writer.ts";
import { DestinationOccupied } from "../errors/staging.ts";
import type { Checksum } from "../model/package.ts";
import { expectTree } from "./compare-with-tree.ts";
import { checkPackage, deliverPackage } from "./core.ts";
import type { PackageSource } from "./open-source.ts";
import { removeLeftovers, takePrivateDirectory } from "./private-directory.ts";
import { isRefusal } from "./refusal.ts";

export interface PlaceOptions {
  source: PackageSource;
  /** Undefined: the rules of the tar alone hold. */
  manifest: FileManifest | undefined;
  /** As `targetPath` gives it. */
  target: string;
  /** Tells what the package is read from apart from other sources of the same target. */
  identity: string;
  /** Whether to go on from what an interrupted run left, and to leave something for the next one. */
  resume: boolean;
  modes: TreeModes;
  signal: AbortSignal;
  log: Logger;
  /** Bytes of the package that were read, or of the files where a tree that exists already is verified. */
  onBytes: (bytes: number) => void;
  /** Called when the work ended early, and the next run may go on from what lies in this directory. */
  onLeft: (directory: string) => void;
}

export interface Placed {
  target: string;
  bytes: number;
  files: number;
  checksums: readonly Checksum[];
  /** True when the same tree lay there already: nothing was written. */
  alreadyThere: boolean;
}

/**
 * Unpacks a package to its final place, or leaves nothing there. A tree that exists already is verified; when it is the
 * same, that is all. Nothing is ever overwritten or merged.
 *
 * @throws DestinationOccupied, TargetExists, any of errors/package.ts, errors/source.ts and errors/destination.ts
 */
export async function placePackage(options: PlaceOptions): Promise<Placed> {
  const { target } = options;
  const found = await whatIsAt(target);
  if (found !== undefined && found !== "directory") throw new DestinationOccupied(target, `it is a ${found}`);
  const placed = found === "directory" ? await adopt(options) : await unpack(options);
  await removeLeftovers(target).catch((error: Error) => options.log.warn({ err: error }, "a leftover was not removed"));
  return placed;
}

async function unpack(options: PlaceOptions): Promise<Placed> {
  const { source, manifest, target, identity, resume, modes, signal } = options;
  const directory = await takePrivateDirectory(target, identity, resume);
  try {
    const { name } = source;
    const delivered = await deliverPackage({
      ...{ bytes: source.read(0, signal), name, manifest, directory, target, modes, signal },
      onBytes: options.onBytes,
    });
    return { target, ...delivered, alreadyThere: false };
  } catch (error) {
    if (resume && !isRefusal(error)) options.onLeft(directory);
    else await removeTree(directory);
    throw error;
  }
}

/** With a manifest that has a checksum for every file the package itself need not be read. */
async function adopt(options: PlaceOptions): Promise<Placed> {
  const { source, manifest, target, signal, onBytes } = options;
  const expected = expectTree();
  try {
    let files = 0;
    let checksums: readonly Checksum[] = [];
    if (manifest?.files !== undefined && manifest.complete) {
      for await (const file of manifest.files()) await expected.add(file);
      files = manifest.fileCount;
    } else {
      const checked = await checkPackage({
        ...{ bytes: source.read(0, signal), name: source.name, manifest, signal, onBytes },
        algorithms: [defaultAlgorithm],
        onFile: (file) => expected.add(file),
      });
      ({ files, checksums } = checked);
    }
    const bytes = await expected.compare(target, { signal, onBytes });
    return { target, bytes, files, checksums, alreadyThere: true };
  } finally {
    await expected.close();
  }
}

async function whatIsAt(path: string): Promise<"directory" | "file" | "link" | "special file" | undefined> {
  try {
    const stats = await lstat(path);
    if (stats.isDirectory()) return "directory";
    if (stats.isSymbolicLink()) return "link";
    return stats.isFile() ? "file" : "special file";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw translateWriteError(error, path, "lstat");
  }
}
