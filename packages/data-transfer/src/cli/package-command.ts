import type { ChecksumAlgorithm } from "../bundle/hash.ts";
import { type FileManifest, openManifestFile } from "../bundle/manifest-file.ts";
import type { TreeModes } from "../bundle/tree-writer.ts";
import { UsageError } from "../errors/usage.ts";
import type { Checksum } from "../model/package.ts";
import { type Address, parseAddress } from "../package/address.ts";
import { type OpenSource, openSource } from "../package/open-source.ts";
import type { Placed } from "../package/place-package.ts";
import { helpFor, isRefusal } from "../package/refusal.ts";
import type { S3Access } from "../package/s3-access.ts";
import type { Settings } from "../settings/settings.ts";
import type { CommandArgument, CommandContext, CommandOption, ExitCode } from "./command.ts";
import { readingOptions } from "./engine/archives.ts";
import { formatBytes } from "./output/format.ts";

export const tarArgument: CommandArgument = {
  name: "<tar>",
  description: "path of the package, or - for standard input",
};

export const manifestOption: CommandOption = {
  flags: "--manifest <file>",
  description:
    "what the package has to be, as `package manifest` prints it; without it the rules of the tar alone hold",
};

/** A package on this machine, or on standard input. @throws UsageError */
export function localAddress(tar: string): Address {
  const address = parseAddress(tar);
  if (address.kind === "file" || address.kind === "input") return address;
  throw new UsageError(`${tar} does not lie on this machine`, "ccat_data_transfer package fetch --help");
}

/** Opens the manifest and the package, and closes both when the work is done. */
export async function withPackage<T>(
  context: CommandContext,
  options: { address: Address; manifest?: string; s3?: S3Access },
  work: (source: OpenSource, manifest: FileManifest | undefined) => Promise<T>,
): Promise<T> {
  const { settings, log, signal, stdin: input } = context;
  const { address, manifest: path, s3 } = options;
  const reading = readingOptions(settings, log);
  const { caFile } = settings.storage;
  const manifest = path === undefined ? undefined : await openManifestFile(path, signal);
  try {
    const source = await openSource(address, { reading, caFile, signal, input, s3 });
    try {
      return await work(source, manifest);
    } finally {
      await source.close();
    }
  } finally {
    await manifest?.close();
  }
}

/** A bar for bytes read, where it is known how many there will be. */
export async function withBar<T>(
  { output }: CommandContext,
  { name, size }: { name: string; size: number | undefined },
  work: (onBytes: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  if (size === undefined) return await work(() => {});
  const bars = output.progress();
  let shown = 0;
  try {
    const done = await work((bytes) => {
      // A package of small files tells of itself very often.
      if (bytes < size && performance.now() - shown < 100) return;
      shown = performance.now();
      bars.update(name, Math.min(bytes, size), size);
    });
    bars.update(name, size, size);
    return done;
  } finally {
    bars.stop();
  }
}

/** Exit code 1 says that the package, or what lies at its place, is not what it has to be; 2 that nobody knows yet. */
export function ending(error: unknown): { exitCode: ExitCode; help: string | undefined } {
  return { exitCode: isRefusal(error) ? 1 : 2, help: helpFor(error) };
}

/** Modes and group that staged data get. */
export function modesOf({ staging }: Settings): TreeModes {
  return { file: staging.fileMode, dir: staging.dirMode, gid: staging.group };
}

/** `1000 files, 2.0 GiB, xxh64 0123456789abcdef` */
export function described(files: number, bytes: number, checksums: readonly Checksum[]): string {
  const digests = checksums.map(({ algorithm, digest }) => `, ${algorithm} ${digest}`).join("");
  return `${files} ${files === 1 ? "file" : "files"}, ${formatBytes(bytes)}${digests}`;
}

/** For JSON: `{"xxh64": "..."}`. */
export function digestFields(checksums: readonly Checksum[]): Partial<Record<ChecksumAlgorithm, string>> {
  return Object.fromEntries(checksums.map(({ algorithm, digest }) => [algorithm, digest]));
}

/** Tells where a package was put. */
export function showPlaced({ output }: CommandContext, done: "unpacked" | "fetched", placed: Placed): void {
  const { target, bytes, resumedBytes, files, checksums, alreadyThere } = placed;
  const state = alreadyThere ? "already there" : done;
  const how = alreadyThere ? ", and intact" : resumedBytes > 0 ? `, ${formatBytes(resumedBytes)} of it before` : "";
  output.result({ target, state, bytes, resumedBytes, files, ...digestFields(checksums) }, [
    `${target}: ${state}${how}; ${described(files, bytes, checksums)}`,
  ]);
}
