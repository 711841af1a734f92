import { lstat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Logger } from "pino";
import { ensureDirectory } from "../bundle/destination-path.ts";
import type { Manifest } from "../bundle/manifest.ts";
import { prepareDirectory, publish, quarantine } from "../bundle/publish.ts";
import { removeTree } from "../bundle/remove-tree.ts";
import { type FileSum, writeSumFile } from "../bundle/sum-file.ts";
import { translateWriteError } from "../bundle/translate-write-error.ts";
import type { TreeModes } from "../bundle/tree-writer.ts";
import { type Unpacked, unpackPackage } from "../bundle/unpack.ts";
import { verifyTree } from "../bundle/verify-tree.ts";
import { DataTransferError } from "../errors/data-transfer-error.ts";
import { ClaimLost } from "../errors/database.ts";
import { TargetExists } from "../errors/destination.ts";
import { ClaimUnrenewable, DestinationOccupied, NoSource } from "../errors/staging.ts";
import type { DataLocation } from "../model/location.ts";
import type { ArchiveCopy } from "../opsdb/packages.ts";
import type { Storage } from "../storage/storage.ts";
import { readPackage } from "./read-package.ts";
import type { SpaceBook } from "./space.ts";

/** What a worker needs to bring packages to its place, whichever package it is. */
export interface StagingPlace {
  /** Opens an archive location for reading; its storages are shared between packages. */
  archive(location: DataLocation): Storage;
  space: SpaceBook;
  /** Modes and group of what is published. */
  modes: TreeModes;
}

/** One package on its way: all that is known of it when the work begins. */
export interface Consignment {
  itemId: number;
  attempt: number;
  manifest: Manifest;
  /** Archive copies, the best first. */
  sources: readonly ArchiveCopy[];
  /** Folder that every processing location lies in: below it no link is followed. */
  root: string;
  /** Absolute final directory. */
  target: string;
  /** The database says that a copy of ours was published here before. */
  ours: boolean;
}

export interface Delivered {
  bytes: number;
  files: number;
  /** True when an intact copy lay there already: nothing was moved. */
  alreadyThere: boolean;
  sourceCopyId: number | undefined;
}

export interface StageOptions {
  signal: AbortSignal;
  /** Bytes of the package read so far, or of its files where an existing copy is verified. */
  onBytes(bytesDone: number): void;
  /** Called when the copy that the database has as staged is not there any more, or was put aside because it is damaged. */
  onLost(details: Record<string, unknown>): Promise<void>;
  log: Logger;
}

/**
 * Brings one package to its final directory, or throws and leaves nothing visible.
 *
 * Everything happens in a private directory beside the target; the rename at the end is the only visible act. When the
 * claim is lost, all is left as it is: the successor takes the private directory over by renaming it.
 *
 * @throws DestinationOccupied, NoSource, NotEnoughSpace, any error of storage and bundle, or the signal's reason
 */
export async function stagePackage(
  place: StagingPlace,
  consignment: Consignment,
  options: StageOptions,
): Promise<Delivered> {
  const { manifest, target } = consignment;
  // Before anything is looked at: below the root no link is followed, nor a file taken for a folder.
  await ensureDirectory(consignment.root, dirname(target));
  const adopted = await adoptWhatIsThere(consignment, options);
  if (adopted) return adopted;
  if (consignment.sources.length === 0) throw new NoSource(manifest.package.name);

  const bytes = sizeOf(manifest);
  const reservation = await place.space.reserve(dirname(target), bytes);
  const { itemId, attempt, root } = consignment;
  const directory = await prepareDirectory(dirname(target), itemId, attempt, root);
  try {
    const { unpacked, copy } = await unpackFromBestSource(place, consignment, directory, {
      ...options,
      onBytes(done) {
        reservation.written(done);
        options.onBytes(done);
      },
    });
    options.signal.throwIfAborted();
    // ---- from here the package is visible; a crash before it is recorded is mended by the next attempt, which adopts it ----
    await publish(directory, target, place.modes);
    await writeSums(target, unpacked.sumAlgorithm, unpacked.files);
    return { bytes, files: unpacked.files.length, alreadyThere: false, sourceCopyId: copy.id };
  } catch (error) {
    if (isClaimLost(error) || isClaimLost(options.signal.reason)) throw error;
    await removeTree(directory);
    if (!(error instanceof TargetExists)) throw error;
    // Somebody published the same package meanwhile: theirs is as good as ours if it verifies.
    const theirs = await adoptWhatIsThere(consignment, options);
    if (theirs) return theirs;
    throw error;
  } finally {
    reservation.release();
  }
}

/** The checksum list beside a staged directory, in the form that `xxhsum -c` or `sha256sum -c` takes. */
export function sumFileOf(target: string, algorithm: string): string {
  return join(dirname(target), `${basename(target)}.${algorithm}`);
}

/**
 * An intact copy at the target is adopted. One that we had published and that is damaged is quarantined, so that the
 * package can be staged anew. Anything else there is somebody's, and stays.
 *
 * @returns undefined when the target is free, or was made free
 * @throws DestinationOccupied
 */
async function adoptWhatIsThere(consignment: Consignment, options: StageOptions): Promise<Delivered | undefined> {
  const { target, manifest, ours } = consignment;
  const found = await kindOf(target);
  if (found === undefined) {
    if (ours) await options.onLost({ target, found: "nothing" });
    return undefined;
  }
  if (found !== "directory") throw new DestinationOccupied(target, `it is a ${found}`);
  const report = await verifyTree(target, manifest, options);
  if (report.intact) {
    await writeSums(target, report.sumAlgorithm, report.files);
    return { bytes: report.bytes, files: report.files.length, alreadyThere: true, sourceCopyId: undefined };
  }
  const [first] = report.differences;
  const difference = `${report.differenceCount} differences, the first: ${first?.path} (${first?.kind})`;
  if (!ours) throw new DestinationOccupied(target, difference);
  const place = await quarantine(target);
  options.log.error(
    { target, quarantine: place, differences: report.differences },
    `staged copy was damaged: ${difference}`,
  );
  await options.onLost({ target, quarantine: place, found: difference });
  return undefined;
}

/** Tries the copies in turn, into the same directory, emptied in between. */
async function unpackFromBestSource(
  place: StagingPlace,
  consignment: Consignment,
  directory: string,
  options: StageOptions,
): Promise<{ unpacked: Unpacked; copy: ArchiveCopy["copy"] }> {
  const failures: DataTransferError[] = [];
  for (const { copy, location } of consignment.sources) {
    if (failures.length > 0)
      await prepareDirectory(dirname(directory), consignment.itemId, consignment.attempt, consignment.root);
    try {
      const { signal, log } = options;
      const { manifest } = consignment;
      const source = readPackage(place.archive(location), copy.key, manifest.package.size, signal);
      const unpacked = await unpackPackage({ ...options, source, manifest, into: directory, modes: place.modes });
      log.debug({ source: location.name, key: copy.key }, "read and verified");
      return { unpacked, copy };
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof DataTransferError) || !blamesSource(error)) throw error;
      options.log.warn({ source: location.name, key: copy.key, code: error.code }, error.message);
      failures.push(error);
    }
  }
  // What may pass weighs more than what will not: while one source may still come back, the package is not lost.
  throw (
    failures.find(({ kind }) => kind === "transient") ??
    failures.find(({ kind }) => kind === "configuration") ??
    failures[0]!
  );
}

/** Whether another copy of the package may do better. Trouble at the destination is the same for all. */
function blamesSource(error: DataTransferError): boolean {
  return error.kind === "integrity" || sourceCodes.has(error.code);
}

const sourceCodes: ReadonlySet<string> = new Set([
  "CDT-SOURCE-UNREACHABLE",
  "CDT-SOURCE-STALLED",
  "CDT-SOURCE-FORBIDDEN",
  "CDT-SOURCE-MISCONFIGURED",
  "CDT-SOURCE-KEY",
  "CDT-OBJECT-CHANGED",
  "CDT-ENDPOINT-NOT-ALLOWED",
  "CDT-CREDENTIALS-MISSING",
  "CDT-SOURCE-AUTHORITIES",
  "CDT-STORAGE-NOT-SUPPORTED",
]);

function isClaimLost(error: unknown): boolean {
  return error instanceof ClaimLost || error instanceof ClaimUnrenewable;
}

async function writeSums(target: string, algorithm: string, files: readonly FileSum[]): Promise<void> {
  await writeSumFile(sumFileOf(target, algorithm), files, basename(target));
}

function sizeOf({ files }: Manifest): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

async function kindOf(path: string): Promise<"directory" | "file" | "link" | "special file" | undefined> {
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
