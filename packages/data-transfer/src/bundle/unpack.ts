import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { DataTransferError } from "../errors/data-transfer-error.ts";
import { errnoOf } from "../errors/errno.ts";
import type { SafetyRule } from "../errors/package.ts";
import type { Checksum } from "../model/package.ts";
import type { ChecksumAlgorithm } from "./hash.ts";
import { openJournal } from "./journal.ts";
import type { JournalIdentity, JournalMember } from "./journal-format.ts";
import { type Leftover, readLeftover } from "./journal-reader.ts";
import type { Manifest } from "./manifest.ts";
import { createPackageReader, NotAsNoted, type PackageReader } from "./package-reader.ts";
import { emptyDirectory, removeTree } from "./remove-tree.ts";
import { startCrew } from "./small-file-crew.ts";
import type { FileSum } from "./sum-file.ts";
import type { TarLink } from "./tar-reader.ts";
import { translateWriteError } from "./translate-write-error.ts";
import { checkpointSize, createTreeWriter, pieceSize, type TreeModes } from "./tree-writer.ts";

/** An archive that can be read from any byte on; storage's PackageSource is one. */
export interface ArchiveBytes {
  /** For the journal: where the bytes come from, and which version of them. */
  readonly name: string;
  readonly etag: string;
  readonly size: number;
  read(start: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface UnpackOptions {
  source: ArchiveBytes;
  manifest: Manifest;
  /** Private directory: exists, belongs to us alone; the tree is made in `tree` below it, the journal beside that. */
  directory: string;
  modes: TreeModes;
  signal: AbortSignal;
  waivedRules?: ReadonlySet<SafetyRule>;
  /** Write large files past the page cache where the file system lets us; true by default. */
  direct?: boolean;
  /** So many small files are synced one by one, those after them together where the system can do that; 128 by default. */
  syncedAlone?: number;
  /** Go on from what an earlier attempt has left in the directory, and leave something to a later one; true by default. */
  resume?: boolean;
  /** Bytes of the tar that were read so far, those that an earlier attempt had read counted. */
  onBytes?(bytes: number): void;
  /** So many bytes need not be read from the archive, since an earlier attempt has left them. */
  onResumed?(bytes: number): void;
  /** Something that costs time and no more: a journal that cannot be used, or not be written. */
  onTrouble?(error: unknown): void;
  onFile?(sum: FileSum): void;
  onLink?(link: TarLink): void;
  /** Awaited now and then: whoever takes files and links may need time. */
  room?(): Promise<void> | undefined;
}

export interface Unpacked {
  /** The finished tree. */
  tree: string;
  files: number;
  /** Sum of the files, in bytes. */
  fileBytes: number;
  /** Of the digests that `onFile` was told. */
  sumAlgorithm: ChecksumAlgorithm;
  /** Bytes of the tar. */
  bytes: number;
  archiveChecksums: Checksum[];
  /** All directories of the tree, its own included, those above before those below. */
  directories: string[];
}

/** ms after which the event loop gets a turn, however much is there to be read: leases are renewed in it. */
const longestTurn = 10;

/**
 * Takes a package apart in one pass: each byte is read once from the archive, hashed for the archive, parsed, hashed for its
 * file and written once. When this resolves, every file is there, whole, as the manifest says, and synced; the directories
 * are not (publishing does that). When it throws, nothing is being written any more; what lies in the directory can be gone
 * on with by a later call, or be removed.
 *
 * Where an earlier attempt has left a journal, the archive's beginning is put together again from it and from the files that
 * it names, and goes through the same checks; reading goes on behind it. Files that were open then are made anew.
 *
 * @throws any of errors/package.ts for a package that is not what the manifest says; NoSpace, DestinationNotWritable,
 * StorageFailed, TakenOver; what the source throws; the signal's reason
 */
export async function unpackPackage(options: UnpackOptions): Promise<Unpacked> {
  const { directory, resume = true, onTrouble } = options;
  if (!resume) return await unpackFrom(options, false);
  try {
    return await unpackFrom(options, true);
  } catch (error) {
    if (!(error instanceof NotAsNoted)) throw error;
    // What lies there is not what was left: it is worth nothing.
    onTrouble?.(error);
    await removeTree(join(directory, "tree"));
    return await unpackFrom(options, false);
  }
}

async function unpackFrom(options: UnpackOptions, resume: boolean): Promise<Unpacked> {
  const {
    source,
    manifest,
    directory,
    modes,
    signal,
    direct,
    syncedAlone,
    waivedRules,
    onTrouble = () => {},
  } = options;
  const tree = join(directory, "tree");
  if (mayHaveManyFiles(manifest)) startCrew();
  const reader = await createPackageReader({
    ...{ manifest, waivedRules, partSize: checkpointSize },
    taker: {
      directory: (segments) => writer.directory(segments),
      begin: (segments, size) => writer.begin(segments, size),
      write: (bytes) => writer.write(bytes),
      finish: () => writer.finish(),
      note: (member, file) => journal.note(member, file),
      file: (sum) => options.onFile?.(sum),
      link: (link) => options.onLink?.(link),
    },
  });
  signal.throwIfAborted();
  const identity = identityOf(source, manifest, reader.sumAlgorithm);
  const leftover = resume ? await readLeftover(directory, tree, identity).catch(toTrouble) : undefined;
  if (leftover === undefined) await removeTree(tree);
  await makeTree(tree);
  const journal = await openJournal(directory, identity, leftover?.journalBytes ?? 0, onTrouble);
  const onDurable = (file: number, bytes: number) => journal.durable(file, bytes);
  const writer = createTreeWriter({
    into: tree,
    modes,
    signal,
    direct,
    syncedAlone,
    anew: leftover !== undefined,
    onDurable,
  });

  const take = takeFrom(reader, options, () => writer.room());
  let whole = false;
  try {
    if (leftover !== undefined) {
      options.onResumed?.(leftover.offset);
      await replay(leftover, tree, reader, take);
    }
    for await (const bytes of source.read(reader.offset, signal)) await take(bytes);
    signal.throwIfAborted();
    const archiveChecksums = await reader.end();
    await writer.done();
    whole = true;
    return {
      ...{ tree, files: reader.fileCount, fileBytes: reader.fileBytes, sumAlgorithm: reader.sumAlgorithm },
      ...{ bytes: reader.offset, archiveChecksums, directories: writer.directories() },
    };
  } finally {
    // Called off means now; else there is time to leave as much as possible to the next attempt.
    if (!whole && !signal.aborted) await writer.settle();
    await writer.stop();
    const isOfUse = await journal.close({ wanted: !whole });
    if (!whole && !isOfUse) await emptyDirectory(directory).catch(onTrouble);
  }

  function toTrouble(error: unknown): undefined {
    onTrouble(error);
    return undefined;
  }
}

/** Reads a package and checks all of it, writing nothing. */
export async function checkPackage(
  options: Pick<UnpackOptions, "manifest" | "signal" | "waivedRules" | "onBytes" | "onLink" | "room"> & {
    bytes: AsyncIterable<Uint8Array>;
    /** Digests wanted of the package and of each file, besides those that the manifest asks for. */
    algorithms?: readonly ChecksumAlgorithm[];
    onFile?(sum: FileSum, wanted: readonly Checksum[]): void;
  },
): Promise<Pick<Unpacked, "files" | "fileBytes" | "sumAlgorithm" | "bytes" | "archiveChecksums">> {
  const { manifest, signal, waivedRules, algorithms, onFile, onLink } = options;
  const reader = await createPackageReader({
    ...{ manifest, waivedRules, partSize: checkpointSize, algorithms },
    taker: { file: (sum, wanted) => onFile?.(sum, wanted), link: (link) => onLink?.(link) },
  });
  const take = takeFrom(reader, options, () => undefined);
  for await (const bytes of options.bytes) await take(bytes);
  signal.throwIfAborted();
  const archiveChecksums = await reader.end();
  const { fileCount: files, fileBytes, sumAlgorithm, offset: bytes } = reader;
  return { files, fileBytes, sumAlgorithm, bytes, archiveChecksums };
}

/** Feeds bytes to the reader in pieces, each when there is room for it. */
function takeFrom(
  reader: PackageReader,
  { signal, onBytes, room }: Pick<UnpackOptions, "signal" | "onBytes" | "room">,
  writerRoom: () => Promise<void> | undefined,
): (bytes: Uint8Array) => Promise<void> {
  let turnBegan = performance.now();
  return async (bytes) => {
    for (let at = 0; at < bytes.length; at += pieceSize) {
      signal.throwIfAborted();
      const wait = writerRoom() ?? room?.();
      if (wait !== undefined) await wait;
      reader.push(bytes.length <= pieceSize ? bytes : bytes.subarray(at, at + pieceSize));
    }
    onBytes?.(reader.offset);
    if (performance.now() - turnBegan < longestTurn) return;
    await nextTurn();
    turnBegan = performance.now();
  };
}

/** Puts the beginning of the archive together again. @throws NotAsNoted when it does not come to what was noted */
async function replay(
  leftover: Leftover,
  tree: string,
  reader: PackageReader,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  try {
    for await (const member of leftover.members()) {
      reader.replay(member);
      await replayMember(member);
      reader.replay(undefined);
    }
  } catch (error) {
    // The archive is blamed for its own bytes alone.
    if (error instanceof DataTransferError && error.kind === "integrity") {
      throw new NotAsNoted(error.message, { cause: error });
    }
    throw error;
  }
  if (reader.offset !== leftover.offset) throw new NotAsNoted("the journal's members do not come to where it ends");

  async function replayMember({ head, data }: JournalMember): Promise<void> {
    if (data === undefined) return await take(head);
    // Opened first: a file that was not finished is made anew under the same name, and read here while it is.
    const file = await openNoted(join(tree, data.path));
    try {
      await take(head);
      for (let at = 0; at < data.bytes; ) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, data.bytes - at), at);
        if (bytesRead === 0) throw new NotAsNoted(`${data.path} has lost its end`);
        at += bytesRead;
        await take(buffer.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
    const padding = (512 - (data.size % 512)) % 512;
    if (data.bytes === data.size && padding > 0) await take(Buffer.alloc(padding));
  }
}

async function openNoted(path: string) {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (["ENOENT", "ELOOP"].includes(errnoOf(error) ?? "")) throw new NotAsNoted(`${path} is gone`, { cause: error });
    throw translateWriteError(error, path, "open");
  }
}

/** So many that it pays to start threads for them before they come. */
function mayHaveManyFiles({ files }: Manifest): boolean {
  return Array.isArray(files) && files.length >= 128;
}

async function makeTree(tree: string): Promise<void> {
  await mkdir(tree, 0o700).catch((error: unknown) => {
    if (errnoOf(error) !== "EEXIST") throw translateWriteError(error, tree, "mkdir");
  });
}

function identityOf({ name, etag, size }: ArchiveBytes, manifest: Manifest, algorithm: string): JournalIdentity {
  const checksums = manifest.package.checksums.map(({ algorithm, digest }) => `${algorithm}:${digest}`).sort();
  return { source: name, etag, size, checksums, algorithm };
}
