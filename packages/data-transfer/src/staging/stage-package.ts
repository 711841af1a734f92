import { type FileHandle, lstat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { sumFileOf } from "../bundle/deliver-package.ts";
import { ensureDirectory } from "../bundle/destination-path.ts";
import { privateName, sumsDraftName } from "../bundle/private-names.ts";
import { prepareDirectory } from "../bundle/publish.ts";
import { holdDirectory, quarantine } from "../bundle/quarantine.ts";
import { removeIfEmpty, removeTree } from "../bundle/remove-tree.ts";
import { createSumFile } from "../bundle/sum-file.ts";
import { translateWriteError } from "../bundle/translate-write-error.ts";
import { type TreeReport, verifyTree } from "../bundle/verify-tree.ts";
import { DataTransferError } from "../errors/data-transfer-error.ts";
import { TargetExists } from "../errors/destination.ts";
import { DestinationOccupied, NoSource, NotEnoughSpace } from "../errors/staging.ts";
import { deliverFromBestSource } from "./best-source.ts";
import type { Consignment, StageOptions, StagingPlace } from "./package-on-its-way.ts";
import { weighTree } from "./weigh-tree.ts";

export type { Consignment, StageOptions, StagingPlace } from "./package-on-its-way.ts";

export interface Delivered {
  bytes: number;
  files: number;
  /** True when an intact copy lay there already: nothing was moved. */
  alreadyThere: boolean;
  sourceCopyId: number | undefined;
}

/**
 * Brings one package to its final directory, or throws and leaves nothing visible.
 *
 * Everything happens in a private directory beside the target; the rename at the end is the only visible act. When the
 * claim is lost, or the attempt ends in a way that may pass, all is left as it is: the successor takes the private directory
 * over by renaming it, and goes on from what it finds there.
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
  if (adopted) {
    // An attempt that died after its package had become visible has left a directory.
    await removeTree(
      await prepareDirectory(dirname(target), consignment.itemId, consignment.attempt, consignment.root),
    );
    return adopted;
  }
  if (consignment.sources.length === 0) throw new NoSource(manifest.package.name);

  const { itemId, attempt, root } = consignment;
  const directory = await prepareDirectory(dirname(target), itemId, attempt, root);
  try {
    const written = await reserveRoom(consignment, directory, options);
    const { delivery, copy } = await deliverFromBestSource(place, consignment, directory, {
      ...options,
      onBytes(done) {
        written(done);
        options.onBytes(done);
      },
    });
    return { bytes: delivery.fileBytes, files: delivery.files, alreadyThere: false, sourceCopyId: copy.id };
  } catch (error) {
    await (isOfUse(error, options.signal) ? removeIfEmpty : removeTree)(directory);
    if (!(error instanceof TargetExists)) throw error;
    // Somebody published the same package meanwhile: theirs is as good as ours if it verifies.
    const theirs = await adoptWhatIsThere(consignment, options);
    if (theirs) return theirs;
    throw error;
  }
}

/**
 * Where there is no room for the whole package, there may be for what an earlier attempt has not written yet. That is found
 * out only then: it may be a million files.
 *
 * @returns to be told how many bytes of the package have been read
 */
async function reserveRoom(
  { room }: Consignment,
  directory: string,
  { reserve }: StageOptions,
): Promise<(done: number) => void> {
  try {
    const reservation = await reserve(room);
    return (done) => reservation.written(done);
  } catch (error) {
    const left = error instanceof NotEnoughSpace ? await weighTree(directory) : undefined;
    if (left === undefined || left.bytes === 0) throw error;
    const reservation = await reserve(room, left);
    return (done) => reservation.written(Math.max(0, done - left.bytes));
  }
}

/** Removes what an attempt has left to a later one, when there will be none. */
export async function discardLeftover({ target, itemId, attempt }: Consignment): Promise<void> {
  await removeTree(join(dirname(target), privateName(itemId, attempt)));
}

/**
 * Whether a later attempt can go on from what this one has done. Not where its bytes are doubted, nor where they are in the
 * way: room is made for others, and what was cancelled is wanted by nobody.
 */
function isOfUse(error: unknown, signal: AbortSignal): boolean {
  const reason = signal.aborted ? signal.reason : error;
  if (!(reason instanceof DataTransferError)) return signal.aborted;
  return reason.kind === "transient" || (reason.kind === "configuration" && !(reason instanceof TargetExists));
}

/**
 * An intact copy at the target is adopted. One that we had published and that is damaged is quarantined, so that the
 * package can be staged anew. Anything else there is somebody's, and stays.
 *
 * @returns undefined when the target is free, or was made free
 * @throws DestinationOccupied
 */
async function adoptWhatIsThere(consignment: Consignment, options: StageOptions): Promise<Delivered | undefined> {
  const { target, ours } = consignment;
  const found = await kindOf(target);
  if (found === undefined) {
    if (ours) await options.onLost({ target, found: "nothing" });
    return undefined;
  }
  if (found !== "directory") throw new DestinationOccupied(target, `it is a ${found}`);
  // From here on this directory is meant, not whatever lies under its name.
  const held = await holdDirectory(target);
  try {
    return await adoptOrQuarantine(held, consignment, options);
  } finally {
    await held.close();
  }
}

async function adoptOrQuarantine(
  held: FileHandle,
  { itemId, attempt, target, manifest, ours }: Consignment,
  options: StageOptions,
): Promise<Delivered | undefined> {
  // A predecessor that was only frozen may wake up and write on: into its own.
  const sums = createSumFile(join(dirname(target), sumsDraftName(itemId, attempt)), basename(target));
  let report: TreeReport;
  try {
    report = await verifyTree(target, manifest, { ...options, onFile: sums.add, room: sums.room });
    if (report.intact) {
      await sums.publish(sumFileOf(target, report.sumAlgorithm));
      return { bytes: report.bytes, files: report.files, alreadyThere: true, sourceCopyId: undefined };
    }
  } finally {
    await sums.discard();
  }
  const [first] = report.differences;
  const difference = `${report.differenceCount} differences, the first: ${first?.path} (${first?.kind})`;
  if (!ours) throw new DestinationOccupied(target, difference);
  const place = await quarantine(target, held);
  options.log.error(
    { target, quarantine: place, differences: report.differences },
    `staged copy was damaged: ${difference}`,
  );
  await options.onLost({ target, quarantine: place, found: difference });
  return undefined;
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
