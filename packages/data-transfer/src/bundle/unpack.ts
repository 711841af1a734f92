import {
  ChecksumMismatch,
  ExtraFile,
  MissingFile,
  PackageTooLong,
  PackageTooShort,
  WrongSize,
} from "../errors/package.ts";
import type { Checksum } from "../model/package.ts";
import { type ChecksumAlgorithm, createHasher, defaultAlgorithm, type Hasher } from "./hash.ts";
import { type ExpectedFile, indexManifest, type Manifest, type ManifestIndex } from "./manifest.ts";
import { createMemberRegister } from "./member-register.ts";
import { escapeName } from "./names.ts";
import type { FileSum } from "./sum-file.ts";
import { createTarReader, type TarEntry, type TarSink } from "./tar-reader.ts";
import { createTreeWriter, type TreeModes, type TreeWriter } from "./tree-writer.ts";

export interface UnpackOptions {
  /** The bytes of the tar, in order. */
  source: AsyncIterable<Uint8Array>;
  manifest: Manifest;
  /** Private directory: exists, is empty, belongs to us alone. */
  into: string;
  modes: TreeModes;
  signal: AbortSignal;
  /** Bytes of the tar that were read so far. */
  onBytes?: (bytes: number) => void;
}

export interface Unpacked {
  /** In the order of the tar; digests by `sumAlgorithm`, whatever the catalogue has. */
  files: FileSum[];
  sumAlgorithm: ChecksumAlgorithm;
  /** Bytes of the tar. */
  bytes: number;
  archiveChecksum: Checksum;
}

/**
 * Takes a package apart in one pass: each byte is read once, hashed for the archive, parsed, hashed for its file and
 * written once. When this resolves, every file of the manifest is there, whole, as the catalogue says, and synced; the
 * directories are not (publishing does that). When it throws, nothing is being written any more, and what lies in `into`
 * is to be removed.
 *
 * @throws any of errors/package.ts for a package that is not what the catalogue says; NoSpace, DestinationNotWritable,
 * StorageFailed, TakenOver; what the source throws; the signal's reason
 */
export async function unpackPackage(options: UnpackOptions): Promise<Unpacked> {
  const { source, manifest, into, modes, signal, onBytes } = options;
  const { name, size, checksum } = manifest.package;
  const index = indexManifest(manifest);
  const archive = await createHasher(checksum?.algorithm ?? defaultAlgorithm);
  const hashers = await createFileHashers(manifest, index.sumAlgorithm);
  signal.throwIfAborted();

  const writer = createTreeWriter(into, modes, signal);
  const files: FileSum[] = [];
  const reader = createTarReader(createSink(index, hashers, writer, files));
  try {
    for await (const bytes of source) {
      signal.throwIfAborted();
      if (reader.offset + bytes.length > size) throw new PackageTooLong({ package: name, expected: size });
      archive.update(bytes);
      reader.push(bytes);
      onBytes?.(reader.offset);
      const room = writer.room();
      if (room !== undefined) await room;
    }
    signal.throwIfAborted();
    if (reader.offset < size) throw new PackageTooShort({ package: name, expected: size, found: reader.offset });
    reader.end();
    const archiveChecksum = { algorithm: archive.algorithm, digest: archive.digest() };
    compare(name, size, checksum, archiveChecksum.digest);
    const { paths, count } = index.left();
    if (count > 0) throw new MissingFile({ paths: paths.map(escapeName), count });
    await writer.done();
    return { files, sumAlgorithm: index.sumAlgorithm, bytes: size, archiveChecksum };
  } finally {
    await writer.stop();
  }
}

/** One hasher an algorithm suffices for all files, since they come one after the other. */
async function createFileHashers({ files }: Manifest, sum: ChecksumAlgorithm): Promise<Map<string, Hasher>> {
  const wanted = new Set<string>([sum]);
  for (const { checksum } of files) if (checksum !== undefined) wanted.add(checksum.algorithm);
  const made = await Promise.all(
    [...wanted].map(async (algorithm) => [algorithm, await createHasher(algorithm)] as const),
  );
  return new Map(made);
}

function createSink(index: ManifestIndex, hashers: Map<string, Hasher>, writer: TreeWriter, files: FileSum[]): TarSink {
  const register = createMemberRegister();
  const sum = hashers.get(index.sumAlgorithm) as Hasher;
  let file: { entry: TarEntry; expected: ExpectedFile; own: Hasher | undefined } | undefined;

  return {
    entry(entry) {
      const { kind, path, segments, size, offset } = entry;
      register.add(segments, kind, offset);
      if (kind === "directory") return writer.directory(segments);
      const expected = index.take(path);
      if (expected === undefined) throw new ExtraFile({ path: escapeName(path), offset });
      if (expected.size !== size) throw new WrongSize({ path: escapeName(path), expected: expected.size, found: size });
      const own = hashers.get(expected.checksum?.algorithm ?? index.sumAlgorithm);
      file = { entry, expected, own: own === sum ? undefined : own };
      sum.reset();
      file.own?.reset();
      writer.begin(segments);
    },

    data(bytes) {
      sum.update(bytes);
      file?.own?.update(bytes);
      writer.write(bytes);
    },

    endOfFile() {
      const { entry, expected, own } = file as NonNullable<typeof file>;
      const digest = sum.digest();
      compare(escapeName(entry.path), entry.size, expected.checksum, own?.digest() ?? digest);
      writer.finish();
      files.push({ path: entry.path, size: entry.size, digest });
    },
  };
}

function compare(path: string, bytes: number, expected: Checksum | undefined, found: string): void {
  if (expected === undefined || expected.digest === found) return;
  throw new ChecksumMismatch({ path, algorithm: expected.algorithm, expected: expected.digest, found, bytes });
}
