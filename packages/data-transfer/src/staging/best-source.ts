import { type Delivery, deliverPackage } from "../bundle/deliver-package.ts";
import { emptyDirectory } from "../bundle/remove-tree.ts";
import { DataTransferError } from "../errors/data-transfer-error.ts";
import { SourceStalled, SourceUnreachable } from "../errors/source.ts";
import { ArchiveAway } from "../errors/staging.ts";
import type { ArchiveCopy } from "../opsdb/packages.ts";
import { openPackageSource } from "../storage/package-source.ts";
import type { Consignment, StageOptions, StagingPlace } from "./package-on-its-way.ts";

/**
 * Tries the copies in turn. What one has brought is of no use to another, unless it is the very same object. When none will
 * do, those whose bytes were not what they should be are read once more: it may have been the way and not the archive.
 *
 * @throws ArchiveAway where an archive may have a good copy, and does not answer; else what may pass before what will not
 */
export async function deliverFromBestSource(
  place: StagingPlace,
  { sources, manifest, target, waivers }: Consignment,
  directory: string,
  options: StageOptions,
): Promise<{ delivery: Delivery; copy: ArchiveCopy["copy"] }> {
  const { signal, log } = options;
  const failures = new Map<ArchiveCopy, DataTransferError>();
  const doubtful = new Set<ArchiveCopy>();
  const answered = new Set<ArchiveCopy>();
  for (const one of onceMore(sources, doubtful)) {
    const { copy, location } = one;
    const about = { source: location.name, key: copy.key };
    try {
      const expected = { expectedSize: manifest.package.size };
      const source = await openPackageSource(place.archive(location), copy.key, expected, signal);
      const onFirst = () => answered.add(one);
      const delivery = await deliverPackage({
        ...{
          source: { ...source, read: (start, stop) => tellingFirst(source.read(start, stop), onFirst) },
          manifest,
          directory,
          target,
          modes: place.modes,
          direct: place.direct,
          syncedAlone: place.syncedAlone,
          signal,
          onBytes: options.onBytes,
        },
        waivedRules: new Set(waivers),
        onResumed: (bytes) => log.info({ ...about, bytes }, "goes on from what an earlier attempt has left"),
        onTrouble: (err) =>
          log.warn({ ...about, err }, "what an earlier attempt has left, or this one leaves, is of no use"),
        beforePublishing: () => signal.throwIfAborted(),
      });
      log.debug(about, "read and verified");
      return { delivery, copy };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DataTransferError) || !blamesSource(error)) throw error;
      log.warn({ ...about, code: error.code }, error.message);
      failures.set(one, error);
      if (error.kind === "integrity") await emptyDirectory(directory);
      if (mayBeTheWay(error)) doubtful.add(one);
    }
  }
  // What may pass weighs more than what will not: while one source may still come back, the package is not lost.
  const all = [...failures.values()];
  const [away, ...alsoAway] = [...failures].filter(([one, error]) => !answered.has(one) && isOutage(error));
  if (away) throw new ArchiveAway(manifest.package.name, [away[1], ...alsoAway.map(([, error]) => error)]);
  throw all.find(({ kind }) => kind === "transient") ?? all.find(({ kind }) => kind === "configuration") ?? all[0]!;
}

async function* tellingFirst(chunks: AsyncIterable<Uint8Array>, onFirst: () => void): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst) onFirst();
    isFirst = false;
    yield chunk;
  }
}

/** The archive and not the object. Once bytes have come, it may be the object, where all reads of it break off. */
function isOutage(error: DataTransferError): boolean {
  return error instanceof SourceStalled || (error instanceof SourceUnreachable && error.isOutage);
}

/** All copies, and then those that were found doubtful meanwhile. */
function* onceMore(sources: readonly ArchiveCopy[], doubtful: ReadonlySet<ArchiveCopy>): Generator<ArchiveCopy> {
  yield* sources;
  yield* [...doubtful];
}

/** Bytes that are not what they should be: damage that a network can do, unlike a name that is not safe. */
function mayBeTheWay({ code }: DataTransferError): boolean {
  return [
    "CDT-CHECKSUM",
    "CDT-TAR-DAMAGED",
    "CDT-PACKAGE-TOO-SHORT",
    "CDT-PACKAGE-TOO-LONG",
    "CDT-SHORT-OBJECT",
    "CDT-LONG-OBJECT",
  ].includes(code);
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
