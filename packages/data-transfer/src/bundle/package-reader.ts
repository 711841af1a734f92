import { ChecksumMismatch, PackageTooLong, PackageTooShort, type SafetyRule, WrongSize } from "../errors/package.ts";
import type { Checksum } from "../model/package.ts";
import type { ExpectedFile } from "./fact-table.ts";
import { type ChecksumAlgorithm, createHasher, type Hasher } from "./hash.ts";
import { createHeadKeeper } from "./head-keeper.ts";
import type { JournalMember } from "./journal-format.ts";
import type { Manifest } from "./manifest.ts";
import { createMemberRegister } from "./member-register.ts";
import { escapeName } from "./names.ts";
import type { FileSum } from "./sum-file.ts";
import { createTarReader, type TarEntry, type TarLink } from "./tar-reader.ts";

/** What is made of a package's members while it is read. All of it is called synchronously, in the order of the tar. */
export interface MemberTaker {
  directory?(segments: readonly string[]): void;
  begin?(segments: readonly string[], size: number): number;
  write?(bytes: Uint8Array): void;
  finish?(): void;
  /** A whole file that is as it should be; with all digests that were wanted of it. */
  file?(sum: FileSum, wanted: readonly Checksum[]): void;
  link?(link: TarLink): void;
  /** What can be written down for a later attempt: a member, or a part of one; `file` is its number of `begin`. */
  note?(member: JournalMember, file: number | undefined): void;
}

export interface PackageReaderOptions {
  manifest: Manifest;
  taker: MemberTaker;
  /** Links that are recorded instead of being refused. */
  waivedRules?: ReadonlySet<SafetyRule>;
  /** Members are noted in parts of so many bytes where they are larger. */
  partSize: number;
  /** Digests wanted of the package and of each file, besides those that the manifest asks for. */
  algorithms?: readonly ChecksumAlgorithm[];
}

/** A package being read, from its first byte to its last; every check is made here. */
export interface PackageReader {
  /** Bytes of the tar read so far. */
  readonly offset: number;
  readonly fileCount: number;
  /** Sum of the files, in bytes. */
  readonly fileBytes: number;
  readonly sumAlgorithm: ChecksumAlgorithm;
  /**
   * What comes next is on disk already, as an earlier attempt has noted it: its bytes are checked, and compared with that
   * note, but not written or noted again. Undefined: what comes next is new.
   */
  replay(member: JournalMember | undefined): void;
  /** @throws any of errors/package.ts for a package that is not what its manifest says, or that is not safe; {@link NotAsNoted} */
  push(bytes: Uint8Array): void;
  /** Says that there is nothing more. @throws as push() does, and MissingFile */
  end(): Promise<Checksum[]>;
}

/** What lies on disk is not what was noted of it. */
export class NotAsNoted extends Error {
  override readonly name = "NotAsNoted";
}

const blockSize = 512;
const noBytes = new Uint8Array();

/**
 * Reads a package in one pass: each byte is hashed for the archive, parsed, hashed for its file and handed on once.
 *
 * @throws ManifestInvalid, UnsafeName (the package's own), UnknownAlgorithm
 */
export async function createPackageReader(options: PackageReaderOptions): Promise<PackageReader> {
  const { manifest, taker, waivedRules, partSize, algorithms = [] } = options;
  const { name, size: wantedSize, checksums } = manifest.package;
  const register = await createMemberRegister(manifest);
  const { sumAlgorithm } = register;
  const ofPackage = checksums.length > 0 || algorithms.length > 0 ? checksums : [{ algorithm: sumAlgorithm }];
  const archiveAlgorithms = new Set([...ofPackage.map(({ algorithm }) => algorithm), ...algorithms]);
  const archive = await Promise.all([...archiveAlgorithms].map(createHasher));
  const hashers = await createFileHashers(new Set([sumAlgorithm, ...register.algorithms, ...algorithms]));
  const sum = hashers.get(sumAlgorithm) as Hasher;
  const usual: ReadonlySet<string> = new Set([sumAlgorithm, ...algorithms]);
  const usualHashers = [...usual].map((algorithm) => hashers.get(algorithm as ChecksumAlgorithm) as Hasher);
  const heads = taker.note && createHeadKeeper();

  let file: OpenFile | undefined;
  let noted: JournalMember | undefined;
  let fileCount = 0;
  let fileBytes = 0;
  const reader = createTarReader({ entry, data, endOfFile, link }, { size: wantedSize, waivedRules });

  return {
    get offset() {
      return reader.offset;
    },
    get fileCount() {
      return fileCount;
    },
    get fileBytes() {
      return fileBytes;
    },
    sumAlgorithm,

    replay(member) {
      noted = member;
    },

    push(bytes) {
      if (wantedSize !== undefined && reader.offset + bytes.length > wantedSize) {
        throw new PackageTooLong({ package: name, expected: wantedSize });
      }
      for (const hasher of archive) hasher.update(bytes);
      heads?.before(bytes, reader.offset);
      reader.push(bytes);
      heads?.after();
    },

    async end() {
      const { offset } = reader;
      if (wantedSize !== undefined && offset < wantedSize) {
        throw new PackageTooShort({ package: name, expected: wantedSize, found: offset });
      }
      reader.end();
      const found = archive.map((hasher) => ({ algorithm: hasher.algorithm, digest: hasher.digest() }));
      for (const { algorithm, digest } of found) compare(name, offset, checksums, algorithm, digest);
      await register.complete();
      return found;
    },
  };

  function entry({ kind, path, segments, size, offset }: TarEntry): void {
    const dataStart = offset + blockSize;
    const head = heads?.take(dataStart, dataStart + Math.ceil(size / blockSize) * blockSize);
    if (kind === "directory") {
      register.directory(path, segments, offset);
      taker.directory?.(segments);
      noteHead(head);
      return;
    }
    const expected = register.file(path, segments, offset);
    if (expected !== undefined && expected.size !== size) {
      throw new WrongSize({ path: escapeName(path), expected: expected.size, found: size });
    }
    const used = usedHashers(expected);
    for (const hasher of used) hasher.reset();
    const isThere = noted?.data !== undefined && noted.data.bytes === size;
    if (noted?.data !== undefined && (noted.data.path !== path || noted.data.size !== size)) {
      throw new NotAsNoted(`the journal has ${noted.data.path} where the archive has ${path}`);
    }
    if (isThere) taker.directory?.(segments.slice(0, -1));
    const number = isThere ? undefined : taker.begin?.(segments, size);
    // The head of what goes on from an earlier attempt has been noted by that one.
    const toNote = noted === undefined ? head : head && noBytes;
    file = { path, size, expected, used, head: toNote, position: 0, number, notedFile: noted?.data };
    if (size === 0) noteHead(head);
  }

  /** A member without data counts as soon as it was read: a later attempt makes it anew. */
  function noteHead(head: Uint8Array | undefined): void {
    if (head !== undefined && noted === undefined) taker.note?.({ head }, undefined);
  }

  function data(bytes: Uint8Array): void {
    const open = file as OpenFile;
    // Cut where a part ends, so that its digest can be taken there.
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(bytes.length - at, partSize - (open.position % partSize));
      const piece = length === bytes.length ? bytes : bytes.subarray(at, at + length);
      for (const hasher of open.used) hasher.update(piece);
      if (open.number !== undefined) taker.write?.(piece);
      open.position += length;
      at += length;
      if (open.position < open.size && open.position % partSize === 0) notePart(open);
    }
  }

  function notePart(open: OpenFile): void {
    const { position, notedFile } = open;
    if (notedFile !== undefined && position <= notedFile.bytes) {
      if (position === notedFile.bytes) compareWithNote(notedFile.digest, sum.peek(), open.path);
      return;
    }
    note(open, sum.peek());
  }

  function note(open: OpenFile, digest: string): void {
    const { path, size, position, number, head } = open;
    if (head === undefined || number === undefined) return;
    taker.note?.({ head, data: { path, size, bytes: position, digest } }, number);
    open.head = noBytes;
  }

  function endOfFile(): void {
    const open = file as OpenFile;
    const { path, size, expected, used, number, notedFile } = open;
    file = undefined;
    const digest = sum.digest();
    if (number === undefined && notedFile !== undefined) compareWithNote(notedFile.digest, digest, path);
    const wanted: Checksum[] = [];
    for (const hasher of used) {
      const found = hasher === sum ? digest : hasher.digest();
      compare(path, size, expected?.checksums ?? [], hasher.algorithm, found);
      if (algorithms.includes(hasher.algorithm)) wanted.push({ algorithm: hasher.algorithm, digest: found });
    }
    if (number !== undefined) taker.finish?.();
    if (size > 0) note(open, digest);
    fileCount += 1;
    fileBytes += size;
    taker.file?.({ path, size, digest }, wanted);
  }

  function link(one: TarLink): void {
    const head = heads?.take(one.offset + blockSize, one.offset + blockSize);
    register.link(one.path, one.segments, one.offset);
    taker.link?.(one);
    noteHead(head);
  }

  function usedHashers(expected: ExpectedFile | undefined): readonly Hasher[] {
    // Nearly all files of a package have the same checksums.
    if (expected === undefined || expected.checksums.every(({ algorithm }) => usual.has(algorithm)))
      return usualHashers;
    const used = new Set([...usual, ...expected.checksums.map(({ algorithm }) => algorithm)]);
    return [...used].map((algorithm) => hashers.get(algorithm as ChecksumAlgorithm) as Hasher);
  }
}

interface OpenFile {
  path: string;
  size: number;
  expected: ExpectedFile | undefined;
  used: readonly Hasher[];
  /** What is to be noted with its first part; empty from its second on, undefined where it is not kept. */
  head: Uint8Array | undefined;
  /** Bytes read so far. */
  position: number;
  /** The taker's; undefined where nothing is written. */
  number: number | undefined;
  notedFile: JournalMember["data"];
}

/** One hasher an algorithm suffices for all files, since they come one after the other. */
async function createFileHashers(algorithms: ReadonlySet<ChecksumAlgorithm>): Promise<Map<ChecksumAlgorithm, Hasher>> {
  const made = await Promise.all(
    [...algorithms].map(async (algorithm) => [algorithm, await createHasher(algorithm)] as const),
  );
  return new Map(made);
}

function compare(
  path: string,
  bytes: number,
  expected: readonly Checksum[],
  algorithm: ChecksumAlgorithm,
  found: string,
): void {
  const wanted = expected.find((one) => one.algorithm === algorithm);
  if (wanted === undefined || wanted.digest === found) return;
  throw new ChecksumMismatch({ path: escapeName(path), algorithm, expected: wanted.digest, found, bytes });
}

function compareWithNote(noted: string, found: string, path: string): void {
  if (noted !== found) throw new NotAsNoted(`${path} is not what was written there`);
}
