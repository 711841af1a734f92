import { lstat } from "node:fs/promises";
import type { Logger } from "pino";
import { deliverPackage } from "../bundle/deliver-package.ts";
import { defaultAlgorithm } from "../bundle/hash.ts";
import type { FileManifest, ListedFile } from "../bundle/manifest-file.ts";
import { removeTree } from "../bundle/remove-tree.ts";
import { sortEntries } from "../bundle/sort-entries.ts";
import { translateWriteError } from "../bundle/translate-write-error.ts";
import type { TreeModes } from "../bundle/tree-writer.ts";
import { checkPackage } from "../bundle/unpack.ts";
import { verifyTree } from "../bundle/verify-tree.ts";
import { DestinationOccupied } from "../errors/staging.ts";
import type { Checksum } from "../model/package.ts";
import { asManifest } from "./as-manifest.ts";
import type { OpenSource } from "./open-source.ts";
import { removeLeftovers, takePrivateDirectory } from "./private-directory.ts";
import { isRefusal } from "./refusal.ts";

export interface PlaceOptions {
  source: OpenSource;
  /** Undefined: the rules of the tar alone hold. */
  manifest: FileManifest | undefined;
  /** As `targetPath` gives it. */
  target: string;
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
  /** Of the package, or of the files where the tree lay there already. */
  bytes: number;
  /** Bytes of the package that an earlier run had left, and that were not read again. */
  resumedBytes: number;
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
  const { target, log } = options;
  const found = await whatIsAt(target);
  if (found !== undefined && found !== "directory") throw new DestinationOccupied(target, `it is a ${found}`);
  const placed = found === "directory" ? await adopt(options) : await unpack(options);
  await removeLeftovers(target).catch((error: Error) => log.warn({ err: error }, "a leftover was not removed"));
  return placed;
}

async function unpack(options: PlaceOptions): Promise<Placed> {
  const { source, target, resume, modes, signal, log } = options;
  const directory = await takePrivateDirectory(target, resume ? source.identity : "", resume);
  let resumedBytes = 0;
  let begun = false;
  try {
    const { identity: name, size = 0, etag = "", read } = source;
    const { bytes, files, archiveChecksums } = await deliverPackage({
      ...{ source: { name, size, etag, read }, manifest: asManifest(source, options.manifest) },
      ...{ directory, target, modes, signal, resume, lists: false },
      onBytes(done) {
        begun = true;
        options.onBytes(done);
      },
      onResumed(before) {
        resumedBytes = before;
      },
      onTrouble: (err) => log.warn({ err }, "what an earlier run has left, or this one leaves, is of no use"),
      beforePublishing: () => signal.throwIfAborted(),
    });
    return { target, bytes, resumedBytes, files, checksums: archiveChecksums, alreadyThere: false };
  } catch (error) {
    if (resume && begun && !isRefusal(error)) options.onLeft(directory);
    else await removeTree(directory);
    throw error;
  }
}

/** With a manifest that has a checksum for every file the package itself need not be read. */
async function adopt(options: PlaceOptions): Promise<Placed> {
  const { source, manifest, target, signal, onBytes } = options;
  const sorted = sortEntries();
  try {
    let wanted = asManifest(source, manifest);
    let checksums: readonly Checksum[] = [];
    if (manifest?.files === undefined || !manifest.complete) {
      const checked = await checkPackage({
        ...{ bytes: source.read(0, signal), manifest: wanted, signal, onBytes, room: sorted.room },
        algorithms: [defaultAlgorithm],
        onFile: ({ path, size }, digests) => sorted.add(path, JSON.stringify({ path, size, checksums: digests })),
      });
      checksums = checked.archiveChecksums;
      wanted = { package: { name: wanted.package.name, checksums: [] }, files: () => parsed(sorted.sorted()) };
    }
    const { intact, differences, differenceCount, bytes, files } = await verifyTree(target, wanted, {
      signal,
      onBytes,
    });
    if (intact) return { target, bytes, resumedBytes: 0, files, checksums, alreadyThere: true };
    const [first] = differences;
    const count = differenceCount === 1 ? "1 difference" : `${differenceCount} differences, the first`;
    throw new DestinationOccupied(target, `${count}: ${first?.path} (${first?.kind})`);
  } finally {
    await sorted.close();
  }
}

async function* parsed(lines: AsyncIterable<string>): AsyncGenerator<ListedFile> {
  for await (const line of lines) yield JSON.parse(line) as ListedFile;
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
