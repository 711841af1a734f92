import { basename, dirname, join } from "node:path";
import type { SafetyRule } from "../errors/package.ts";
import { createLineFile } from "./line-file.ts";
import type { Manifest } from "./manifest.ts";
import { orTakenOver, publish } from "./publish.ts";
import { removeTree } from "./remove-tree.ts";
import { createSumFile } from "./sum-file.ts";
import type { TreeModes } from "./tree-writer.ts";
import { type ArchiveBytes, type Unpacked, unpackPackage } from "./unpack.ts";

export interface DeliveryOptions {
  source: ArchiveBytes;
  manifest: Manifest;
  /** Private directory of this attempt, beside the target; what an earlier attempt has left in it is gone on from. */
  directory: string;
  /** Absolute; must not exist. */
  target: string;
  modes: TreeModes;
  signal: AbortSignal;
  waivedRules?: ReadonlySet<SafetyRule>;
  direct?: boolean;
  syncedAlone?: number;
  resume?: boolean;
  /** Put lists of checksums, and of links, beside the target; they replace what is there. True by default. */
  lists?: boolean;
  onBytes?(bytes: number): void;
  onResumed?(bytes: number): void;
  onTrouble?(error: unknown): void;
  /** Called when the tree is whole and verified, and about to become visible: the last moment to refuse, by throwing. */
  beforePublishing?(): void;
}

export type Delivery = Pick<Unpacked, "files" | "fileBytes" | "bytes" | "sumAlgorithm" | "archiveChecksums">;

/**
 * Brings a package from an archive to its final directory: reads, unpacks, verifies, syncs, lets it appear by one rename, and
 * puts the list of its checksums beside it. Used by the worker and by the `package` commands alike.
 *
 * When it throws, nothing is visible (but where syncing the parent has failed, see publish()); the private directory is
 * left, empty or with what a later attempt can go on from.
 *
 * @throws whatever unpacking and publishing throw
 */
export async function deliverPackage(options: DeliveryOptions): Promise<Delivery> {
  const { directory, target, modes, lists = true } = options;
  const sums = createSumFile(join(directory, "sums"), basename(target));
  const links = createLineFile(join(directory, "links"));
  let linkCount = 0;
  try {
    const unpacked = await unpackPackage({
      ...options,
      onFile: lists ? sums.add : undefined,
      onLink({ path, link, target: leadsTo }) {
        linkCount += 1;
        links.add(JSON.stringify({ path, link, target: leadsTo }));
      },
      room: () => sums.room() ?? links.room(),
    });
    options.beforePublishing?.();
    // ---- from here the package is visible; a crash before it is recorded is mended by the next attempt, which adopts it ----
    await publish(unpacked.tree, unpacked.directories, target, modes);
    if (lists) await sums.publish(sumFileOf(target, unpacked.sumAlgorithm));
    if (lists && linkCount > 0) await links.publish(linkFileOf(target));
    // What is left in it is of no use any more; where it cannot be removed, the sweep tries again.
    await removeTree(directory).catch((error: unknown) => options.onTrouble?.(error));
    const { files, fileBytes, bytes, sumAlgorithm, archiveChecksums } = unpacked;
    return { files, fileBytes, bytes, sumAlgorithm, archiveChecksums };
  } catch (error) {
    throw await orTakenOver(error, directory);
  } finally {
    await sums.discard();
    await links.discard();
  }
}

/** The checksum list beside a published directory, in the form that `xxhsum -c` or `sha256sum -c` takes. */
export function sumFileOf(target: string, algorithm: string): string {
  return join(dirname(target), `${basename(target)}.${algorithm}`);
}

/** Beside a published directory: the links that its package has and that a waiver let through, a JSON object a line. */
export function linkFileOf(target: string): string {
  return join(dirname(target), `${basename(target)}.links`);
}
