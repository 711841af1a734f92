import { readFileSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { SourceAuthoritiesUnreadable } from "../errors/source.ts";
import { UsageError } from "../errors/usage.ts";
import { diskStorage } from "../storage/disk.ts";
import { httpsStorage } from "../storage/https.ts";
import { asSource, type ReadingOptions } from "../storage/open-archive.ts";
import { openPackageSource } from "../storage/package-source.ts";
import { s3Storage } from "../storage/s3.ts";
import type { Storage } from "../storage/storage.ts";
import { type Address, baseName, identityOf, shownAddress } from "./address.ts";
import type { S3Access } from "./s3-access.ts";

/** One version of a package, wherever it lies. */
export interface OpenSource {
  /** For people: the last part of its address. */
  readonly name: string;
  /** Tells it apart from other sources: its address without what may be secret. */
  readonly identity: string;
  /** Bytes; undefined where nobody knows before its end. */
  readonly size: number | undefined;
  /** The version that every read insists on; undefined where it can be read only once. */
  readonly etag: string | undefined;
  read(start: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export interface SourceOptions {
  /** How archives are read; what reads share stands in it. */
  reading: ReadingOptions;
  /** File with the authorities that may sign certificates; the system's by default. */
  caFile: string | undefined;
  signal: AbortSignal;
  input: AsyncIterable<Uint8Array>;
  s3?: S3Access;
}

/**
 * Opens what an address names, as a worker opens an archive.
 *
 * @throws UsageError, ObjectMissing, SourceUnreachable, SourceForbidden, SourceMisconfigured
 */
export async function openSource(address: Address, options: SourceOptions): Promise<OpenSource> {
  const name = baseName(address);
  const identity = identityOf(address, options.s3?.endpoint);
  if (address.kind === "input") {
    return { name, identity, size: undefined, etag: undefined, read: () => options.input, close: async () => {} };
  }
  const [backend, key] = await openBackend(address, options);
  const storage = asSource(backend, options.reading);
  try {
    const { size, etag, read } = await openPackageSource(storage, key, {}, options.signal);
    return { name, identity, size, etag, read, close: () => storage.close() };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function openBackend(
  address: Exclude<Address, { kind: "input" }>,
  { caFile, s3, reading: { connections } }: SourceOptions,
): Promise<[Storage, key: string]> {
  const ca = authorities(caFile);
  switch (address.kind) {
    case "file": {
      // A person named it: links on the way to it are theirs.
      const path = await realpath(address.path).catch((error: NodeJS.ErrnoException) => {
        throw new UsageError(`${shownAddress(address)} cannot be read: ${error.code}`, "ls -l");
      });
      return [diskStorage({ root: dirname(path) }), basename(path)];
    }
    case "http":
      // Named by a person, and allowed by that.
      return [httpsStorage({ base: address.url.href, allowedOrigins: "any", ca, connections }), ""];
    case "s3": {
      if (s3 === undefined)
        throw new UsageError("an s3:// address is for package fetch", "ccat_data_transfer package fetch --help");
      return [s3Storage({ ...s3, bucket: address.bucket, prefix: "", ca, connections }), address.key];
    }
  }
}

/** PEM texts. @throws SourceAuthoritiesUnreadable */
function authorities(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SourceAuthoritiesUnreadable(file, (error as NodeJS.ErrnoException).code ?? "unknown reason", error);
  }
}
