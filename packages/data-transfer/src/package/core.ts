import {
  type ChecksumAlgorithm,
  checksumAlgorithms,
  createHasher,
  defaultAlgorithm,
  type Hasher,
} from "../bundle/hash.ts";
import type { FileManifest, ListedFile } from "../bundle/manifest-file.ts";
import { createMemberRegister } from "../bundle/member-register.ts";
import { escapeName } from "../bundle/names.ts";
import { publish } from "../bundle/publish.ts";
import { createTarReader, type TarEntry } from "../bundle/tar-reader.ts";
import { createTreeWriter, type TreeModes, type TreeWriter } from "../bundle/tree-writer.ts";
import {
  ChecksumMismatch,
  ExtraFile,
  MissingFile,
  PackageTooLong,
  PackageTooShort,
  WrongSize,
} from "../errors/package.ts";
import type { Checksum } from "../model/package.ts";

export interface CheckOptions {
  bytes: AsyncIterable<Uint8Array>;
  /** Of the package, for sentences. */
  name: string;
  /** Undefined: the rules of the tar alone hold. */
  manifest: FileManifest | undefined;
  /** Digests wanted of the package, and of each file where `onFile` asks for it, besides those that the manifest has. */
  algorithms: readonly ChecksumAlgorithm[];
  signal: AbortSignal;
  /** Each file that was found to be right, in the order of the tar; the promise is awaited before much more is read. */
  onFile?: (file: ListedFile) => Promise<void>;
  onBytes?: (bytes: number) => void;
}

export interface Checked {
  bytes: number;
  files: number;
  checksums: Checksum[];
}

export interface DeliverOptions extends Omit<CheckOptions, "onFile" | "algorithms"> {
  /** Private, prepared. */
  directory: string;
  target: string;
  modes: TreeModes;
}

/** Reads a package from end to end by the rules of unpacking, and writes nothing. */
export async function checkPackage(options: CheckOptions): Promise<Checked> {
  return await takeApart(options, undefined);
}

/** Unpacks into the private directory, verifies, syncs, and publishes by a rename. */
export async function deliverPackage(options: DeliverOptions): Promise<Checked> {
  const { directory, target, modes, signal } = options;
  const writer = createTreeWriter(directory, modes, signal);
  try {
    const checked = await takeApart({ ...options, algorithms: [defaultAlgorithm] }, writer);
    await writer.done();
    signal.throwIfAborted();
    await publish(directory, target, modes);
    return checked;
  } finally {
    await writer.stop();
  }
}

async function takeApart(options: CheckOptions, writer: TreeWriter | undefined): Promise<Checked> {
  const { bytes, name, manifest, algorithms, signal, onFile, onBytes } = options;
  const { size, checksums = [] } = manifest?.package ?? {};
  const expected = new Map<string, ListedFile>();
  for await (const file of manifest?.files?.() ?? []) expected.set(file.path, file);
  const strict = manifest?.files !== undefined;
  const ofPackage = await hashers([...algorithms, ...checksums.map(({ algorithm }) => algorithm)]);
  const ofFiles = await hashers(checksumAlgorithms);
  const register = createMemberRegister();
  let current: { entry: TarEntry; listed: ListedFile | undefined; hashers: Hasher[] } | undefined;
  let files = 0;
  let told: Promise<void>[] = [];

  const reader = createTarReader({
    entry(entry) {
      register.add(entry.segments, entry.kind, entry.offset);
      if (entry.kind === "directory") return writer?.directory(entry.segments);
      const listed = expected.get(entry.path);
      expected.delete(entry.path);
      if (strict && listed === undefined) throw new ExtraFile({ path: escapeName(entry.path), offset: entry.offset });
      if (listed !== undefined && listed.size !== entry.size) {
        throw new WrongSize({ path: escapeName(entry.path), expected: listed.size, found: entry.size });
      }
      const wanted = new Set([
        ...(onFile === undefined ? [] : algorithms),
        ...(listed?.checksums ?? []).map(({ algorithm }) => algorithm),
      ]);
      current = { entry, listed, hashers: ofFiles.filter(({ algorithm }) => wanted.has(algorithm)) };
      for (const hasher of current.hashers) hasher.reset();
      writer?.begin(entry.segments);
    },
    data(piece) {
      for (const hasher of current?.hashers ?? []) hasher.update(piece);
      writer?.write(piece);
    },
    endOfFile() {
      const { entry, listed, hashers } = current as NonNullable<typeof current>;
      const found = digests(hashers);
      compare(escapeName(entry.path), entry.size, listed?.checksums ?? [], found);
      writer?.finish();
      files += 1;
      if (onFile !== undefined) told.push(onFile({ path: entry.path, size: entry.size, checksums: found }));
    },
  });

  for await (const piece of bytes) {
    signal.throwIfAborted();
    if (size !== undefined && reader.offset + piece.length > size)
      throw new PackageTooLong({ package: name, expected: size });
    for (const hasher of ofPackage) hasher.update(piece);
    reader.push(piece);
    onBytes?.(reader.offset);
    const room = writer?.room();
    if (room !== undefined) await room;
    if (told.length > 0) await Promise.all(told);
    told = [];
  }
  signal.throwIfAborted();
  const found = reader.offset;
  if (size !== undefined && found < size) throw new PackageTooShort({ package: name, expected: size, found });
  reader.end();
  const packageDigests = digests(ofPackage);
  compare(name, found, checksums, packageDigests);
  const [first] = expected.keys();
  if (first !== undefined) throw new MissingFile({ paths: [escapeName(first)], count: expected.size });
  return { bytes: found, files, checksums: packageDigests };
}

async function hashers(algorithms: readonly string[]): Promise<Hasher[]> {
  return await Promise.all([...new Set(algorithms)].map(createHasher));
}

function digests(hashers: readonly Hasher[]): Checksum[] {
  return hashers.map((hasher) => ({ algorithm: hasher.algorithm, digest: hasher.digest() }));
}

function compare(path: string, bytes: number, expected: readonly Checksum[], found: readonly Checksum[]): void {
  for (const { algorithm, digest } of expected) {
    const own = found.find((one) => one.algorithm === algorithm)?.digest as string;
    if (own !== digest) throw new ChecksumMismatch({ path, algorithm, expected: digest, found: own, bytes });
  }
}
