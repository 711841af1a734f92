import type { BigIntStats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { DuplicateMember, ManifestFileInvalid, UnsafeMember, UnsafeName } from "../errors/package.ts";
import { UsageError } from "../errors/usage.ts";
import type { Checksum } from "../model/package.ts";
import { createJsonCutter, type JsonSink } from "./cut-json.ts";
import { checksumAlgorithms, digestLength } from "./hash.ts";
import { createMemberRegister } from "./member-register.ts";
import { checkMemberPath, escapeName } from "./names.ts";

/** What a manifest in a file says of a package. Whatever it does not say is not compared. */
export interface FileManifest {
  readonly package: { readonly size?: number; readonly checksums: readonly Checksum[] };
  /** The files, in the order of the manifest; long ones are read anew each time. Undefined where it lists none. */
  readonly files: readonly ListedFile[] | (() => AsyncIterable<ListedFile>) | undefined;
  readonly fileCount: number;
  /** Every file has a checksum. */
  readonly complete: boolean;
}

export interface ListedFile {
  /** Path inside the package, `/` between the parts. */
  path: string;
  /** Bytes. */
  size: number;
  /** None, or one of each algorithm. */
  checksums: readonly Checksum[];
}

/** A manifest in a file that is held open, so that it is the same file each time it is read. */
export interface OpenManifestFile extends FileManifest {
  close(): Promise<void>;
}

/**
 * Opens a manifest: `{"package":{"size":N,"xxh64":"hex","sha256":"hex"},"files":[{"path":"...","size":N,...}]}`. Of the
 * package everything may be missing, of a file the checksums, and either of the two keys.
 *
 * The file is read to its end once, and everything in it is checked: keys, types, digits, safe names, names that meet. Of a
 * long one no more than a piece is held in memory, and one entry of {@link FileManifest.files} at a time; of the names this
 * first pass keeps what it needs to find two that are alike.
 *
 * @throws ManifestFileInvalid with the place in the file; UsageError where it cannot be read, or not more than once
 */
export async function openManifestFile(path: string, signal: AbortSignal): Promise<OpenManifestFile> {
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error.code ?? error.message);
  });
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw unreadable(path, "it is not a regular file, and it is read several times");
    const file = { path, handle, stats };
    const found = await readThrough(file, signal);
    const { files: listed, kept } = found;
    return {
      ...found,
      files: listed ? (kept ?? (() => filesIn(file, signal))) : undefined,
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

interface OpenFile {
  path: string;
  handle: FileHandle;
  stats: BigIntStats;
}

type Whole = Omit<FileManifest, "files"> & { files: boolean; kept: readonly ListedFile[] | undefined };

/** Manifests of so many bytes are kept as they were read: some five times as much memory. */
const keptBytes = 4 * 1024 * 1024;

/** The first pass: checks all, keeps what is said of the package. */
async function readThrough(file: OpenFile, signal: AbortSignal): Promise<Whole> {
  const register = await createMemberRegister({ package: { name: "package", checksums: [] }, files: undefined });
  let described: FileManifest["package"] = { checksums: [] };
  let count = 0;
  let complete = true;
  const kept: ListedFile[] | undefined = file.stats.size <= keptBytes ? [] : undefined;
  const keys = new Set<string>();
  const sink = createSink({
    key(key) {
      if (keys.has(key)) throw new Flaw(`the key "${key}" is there twice`);
      if (key !== "package" && key !== "files") throw new Flaw(`the key "${escapeName(key)}" is not known`);
      keys.add(key);
    },
    package(found) {
      described = found;
    },
    file(found, offset) {
      count += 1;
      complete &&= found.checksums.length > 0;
      kept?.push(found);
      try {
        register.file(found.path, checkMemberPath(found.path), offset);
      } catch (error) {
        throw flawOf(error, found.path);
      }
    },
  });
  for await (const _ of pushAll(file, sink, signal));
  if (keys.size === 0) throw await invalid(file, new PlacedFlaw(0, "", "it has neither a package nor files"));
  return { package: described, files: keys.has("files"), fileCount: count, complete, kept };
}

/** Every later pass. */
async function* filesIn(file: OpenFile, signal: AbortSignal): AsyncGenerator<ListedFile> {
  let found: ListedFile[] = [];
  const sink = createSink({ key() {}, package() {}, file: (one) => void found.push(one) });
  for await (const _ of pushAll(file, sink, signal)) {
    yield* found;
    found = [];
  }
}

/** Reads the file from its beginning; yields after each piece. */
async function* pushAll(file: OpenFile, sink: JsonSink, signal: AbortSignal): AsyncGenerator<void> {
  const cutter = createJsonCutter(sink);
  const buffer = Buffer.allocUnsafeSlow(256 * 1024);
  try {
    for (let at = 0; ; ) {
      signal.throwIfAborted();
      const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, at).catch((error) => {
        throw unreadable(file.path, error.code ?? error.message);
      });
      if (bytesRead === 0) break;
      cutter.push(buffer.subarray(0, bytesRead));
      at += bytesRead;
      yield;
    }
    const { size, mtimeNs, ctimeNs } = await file.handle.stat({ bigint: true });
    const { stats } = file;
    if (size !== stats.size || mtimeNs !== stats.mtimeNs || ctimeNs !== stats.ctimeNs) {
      throw unreadable(file.path, "it was changed while it was read");
    }
    cutter.end();
  } catch (error) {
    throw error instanceof PlacedFlaw ? await invalid(file, error) : error;
  }
}

/** What is wrong with an entry; where it stands is added by who knows it. */
class Flaw extends Error {
  readonly key: string;

  constructor(why: string, key = "") {
    super(why);
    this.key = key;
  }
}

class PlacedFlaw extends Error {
  readonly offset: number;
  readonly where: string;

  constructor(offset: number, where: string, why: string) {
    super(why);
    this.offset = offset;
    this.where = where;
  }
}

interface Entries {
  key(key: string): void;
  package(found: FileManifest["package"]): void;
  file(found: ListedFile, offset: number): void;
}

function createSink(entries: Entries): JsonSink {
  let key = "";
  let index = -1;

  return {
    invalid(offset, why, inElement) {
      const place = inElement ? index + 1 : index;
      return new PlacedFlaw(offset, place < 0 ? key : `files[${place}]`, why);
    },

    key(json, offset) {
      at(offset, "", () => {
        key = parse(json) as string;
        index = -1;
        entries.key(key);
      });
    },

    object(json, offset, members) {
      at(offset, key, () => {
        if (key !== "package") throw new Flaw("it is an object, not a list");
        entries.package(readPackage(readObject(json, members)));
      });
    },

    list(offset) {
      at(offset, key, () => {
        if (key !== "files") throw new Flaw("it is a list, not an object");
      });
    },

    element(json, offset, members) {
      index += 1;
      at(offset, `files[${index}]`, () => entries.file(readFile(readObject(json, members)), offset));
    },
  };

  function at(offset: number, where: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Flaw)) throw error;
      throw new PlacedFlaw(offset, error.key === "" ? where : `${where}.${error.key}`, error.message);
    }
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Flaw(`it is not JSON: ${escapeName((error as Error).message)}`);
  }
}

function readObject(json: string, members: number): Record<string, unknown> {
  const value = parse(json) as Record<string, unknown>;
  // JSON.parse takes the last of several; that somebody else takes the first is how two readers come to differ.
  if (Object.keys(value).length !== members) throw new Flaw("a key is there twice");
  return value;
}

function readPackage(value: Record<string, unknown>): FileManifest["package"] {
  onlyKeys(value, ["size", ...checksumAlgorithms]);
  const checksums = readChecksums(value);
  return value.size === undefined ? { checksums } : { size: readSize(value.size), checksums };
}

function readFile(value: Record<string, unknown>): ListedFile {
  onlyKeys(value, ["path", "size", ...checksumAlgorithms]);
  const { path } = value;
  if (typeof path !== "string") throw new Flaw(`it is ${shown(path)}, not a text`, "path");
  return { path, size: readSize(value.size), checksums: readChecksums(value) };
}

function onlyKeys(value: Record<string, unknown>, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw new Flaw(`the key "${escapeName(key)}" is not known: known are ${known.join(", ")}`);
  }
}

function readSize(size: unknown): number {
  if (Number.isSafeInteger(size) && (size as number) >= 0) return size as number;
  throw new Flaw(`it is ${shown(size)}, not a whole number of bytes`, "size");
}

function readChecksums(value: Record<string, unknown>): Checksum[] {
  const checksums: Checksum[] = [];
  for (const algorithm of checksumAlgorithms) {
    const digest = value[algorithm];
    if (digest === undefined) continue;
    const length = digestLength[algorithm];
    if (typeof digest !== "string" || digest.length !== length || !/^[0-9a-f]+$/.test(digest)) {
      throw new Flaw(`it is ${shown(digest)}, not ${length} lower-case hex digits`, algorithm);
    }
    checksums.push({ algorithm, digest });
  }
  return checksums;
}

function flawOf(error: unknown, path: string): unknown {
  const name = escapeName(path);
  if (error instanceof UnsafeName || error instanceof UnsafeMember) {
    return new Flaw(`"${name}" is no name for a file: ${error.facts.why}`, "path");
  }
  if (!(error instanceof DuplicateMember)) return error;
  const same = error.facts.sameSpelling ? "is there twice" : "is the same name to some file systems as one before it";
  return new Flaw(`"${name}" ${same}`, "path");
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : escapeName(JSON.stringify(value)).slice(0, 80);
}

async function invalid({ path, handle }: OpenFile, { offset, where, message }: PlacedFlaw): Promise<Error> {
  return new ManifestFileInvalid({ file: path, offset, line: await lineAt(handle, offset), where, why: message });
}

/** Lines are counted only when one is asked for. */
async function lineAt(handle: FileHandle, offset: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(256 * 1024);
  let line = 1;
  for (let at = 0; at < offset; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, offset - at), at);
    if (bytesRead === 0) break;
    for (let place = 0; place < bytesRead; place++) if (buffer[place] === 0x0a) line += 1;
    at += bytesRead;
  }
  return line;
}

function unreadable(path: string, why: string): UsageError {
  return new UsageError(`the manifest ${path} cannot be read: ${why}`, "ccat_data_transfer package verify --help");
}
