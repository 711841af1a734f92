import { constants } from "node:fs";
import { type FileHandle, open, opendir } from "node:fs/promises";
import { type ChecksumAlgorithm, createHasher, type Hasher } from "../bundle/hash.ts";
import type { FileManifest, ListedFile } from "../bundle/manifest-file.ts";
import { createMemberRegister, type MemberRegister } from "../bundle/member-register.ts";
import { checkMemberPath, escapeName } from "../bundle/names.ts";
import { type SortedEntries, sortEntries } from "../bundle/sort-entries.ts";
import { checkPackage } from "../bundle/unpack.ts";
import { manifestLine, manifestText } from "../bundle/write-manifest.ts";
import { DataTransferError } from "../errors/data-transfer-error.ts";
import { DuplicateMember, NotPackable } from "../errors/package.ts";
import { SourceForbidden, SourceUnreachable } from "../errors/source.ts";
import { asManifest } from "./as-manifest.ts";
import type { OpenSource } from "./open-source.ts";

export interface ListOptions {
  algorithms: readonly ChecksumAlgorithm[];
  signal: AbortSignal;
  onBytes?: (bytes: number) => void;
}

/**
 * The manifest of a tar: its files in the order of their paths' bytes. All of it is read and checked before the first
 * piece of text is given, so that there is no half of one.
 *
 * @throws any of errors/package.ts for a tar that would be refused, and what the source throws
 */
export async function* listTar(source: OpenSource, { signal, ...options }: ListOptions): AsyncGenerator<string> {
  const sorted = sortEntries();
  try {
    const { bytes, archiveChecksums } = await checkPackage({
      ...options,
      ...{ bytes: source.read(0, signal), manifest: asManifest(source, undefined), signal },
      onFile: ({ path, size }, checksums) => sorted.add(path, manifestLine({ path, size, checksums })),
      room: sorted.room,
    });
    yield* manifestText({ size: bytes, checksums: archiveChecksums }, sorted.sorted());
  } finally {
    await sorted.close();
  }
}

/**
 * The manifest of a folder as it would be packed: all files in it. Of the package it says nothing: that depends on who
 * packs it.
 *
 * @throws NotPackable for anything but files and folders, and for names that a package may not have; SourceForbidden,
 * SourceUnreachable where it cannot be read
 */
export async function* listDirectory(directory: string, options: ListOptions): AsyncGenerator<string> {
  const sorted = sortEntries();
  try {
    await walkDirectory(directory, options, sorted);
    const described: FileManifest["package"] = { checksums: [] };
    yield* manifestText(described, sorted.sorted());
  } finally {
    await sorted.close();
  }
}

/**
 * Adds a line for every file of a folder. Several files are read at a time, since most are small, and a file system that is
 * far away takes its time for each.
 */
async function walkDirectory(root: string, options: ListOptions, sorted: SortedEntries): Promise<void> {
  const { algorithms, signal, onBytes } = options;
  const paths = filesBelow(root, "", await registerOfNames(), signal);
  let done = 0;
  let failed = false;
  const readers = Array.from({ length: atOnce }, async () => {
    const hashers = await Promise.all(algorithms.map(createHasher));
    const buffer = Buffer.allocUnsafeSlow(256 * 1024);
    try {
      for (let next = await paths.next(); !next.done && !failed; next = await paths.next()) {
        sorted.add(next.value, manifestLine(await hashFile(next.value, hashers, buffer)));
        await sorted.room();
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  });
  const ended = await Promise.allSettled(readers);
  const failure = ended.find(({ status }) => status === "rejected");
  if (failure !== undefined) throw (failure as PromiseRejectedResult).reason;

  async function hashFile(path: string, hashers: readonly Hasher[], buffer: Buffer): Promise<ListedFile> {
    const place = `${root}/${path}`;
    try {
      const { file, size } = await openFile(place, path);
      try {
        for (const hasher of hashers) hasher.reset();
        let at = 0;
        while (at < size) {
          signal.throwIfAborted();
          const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
          if (bytesRead === 0) break;
          for (const hasher of hashers) hasher.update(buffer.subarray(0, bytesRead));
          at += bytesRead;
          done += bytesRead;
          onBytes?.(done);
        }
        return { path, size: at, checksums: hashers.map(({ algorithm, digest }) => ({ algorithm, digest: digest() })) };
      } finally {
        await file.close();
      }
    } catch (error) {
      throw translate(error, place);
    }
  }
}

/** Files that are read at the same time. */
const atOnce = 16;

/** Paths of all files, as they come: a folder may hold a million. What is no folder is taken for a file until it is opened. */
async function* filesBelow(
  root: string,
  below: string,
  register: MemberRegister,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const folders: string[] = [];
  const folder = below === "" ? root : `${root}/${below}`;
  try {
    for await (const entry of await opendir(folder, { encoding: "buffer" as BufferEncoding, bufferSize: 256 })) {
      signal.throwIfAborted();
      const name = decode(entry.name as unknown as Buffer, below);
      const path = below === "" ? name : `${below}/${name}`;
      enter(register, path, entry.isDirectory() ? "directory" : "file");
      if (entry.isDirectory()) folders.push(path);
      else yield path;
    }
  } catch (error) {
    throw translate(error, folder);
  }
  for (const path of folders) yield* filesBelow(root, path, register, signal);
}

/** Non-blocking, or a pipe would hold us for ever. */
async function openFile(place: string, path: string): Promise<{ file: FileHandle; size: number }> {
  const refuse = (why: string, cause?: unknown) => new NotPackable({ path: escapeName(path), why }, { cause });
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ELOOP") throw refuse("it is a link", error);
    if (error.code === "ENXIO") throw refuse("it is a socket or a device", error);
    throw error;
  });
  const stats = await file.stat();
  if (stats.isFile()) return { file, size: stats.size };
  await file.close();
  throw refuse("it is neither a file nor a folder");
}

/** Finds names that meet, and expects none. */
function registerOfNames(): Promise<MemberRegister> {
  return createMemberRegister({ package: { name: "folder", checksums: [] }, files: undefined });
}

function enter(register: MemberRegister, path: string, kind: "file" | "directory"): void {
  try {
    const segments = checkMemberPath(path);
    if (kind === "file") register.file(path, segments, 0);
    else register.directory(path, segments, 0);
  } catch (error) {
    if (!(error instanceof DataTransferError)) throw error;
    const same = "it is the same name to some file systems as another one";
    const why = error instanceof DuplicateMember ? same : String(error.facts.why);
    throw new NotPackable({ path: escapeName(path), why }, { cause: error });
  }
}

function decode(name: Buffer, below: string): string {
  try {
    return strictUtf8.decode(name);
  } catch (cause) {
    const path = below === "" ? escapeName(name) : `${escapeName(below)}/${escapeName(name)}`;
    throw new NotPackable({ path, why: "its name is not valid UTF-8" }, { cause });
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function translate(error: unknown, folder: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  const facts = { storage: folder, what: code ?? "unknown reason" };
  const cause = { cause: error };
  return code === "EACCES" || code === "EPERM"
    ? new SourceForbidden(facts, cause)
    : new SourceUnreachable(facts, cause);
}
