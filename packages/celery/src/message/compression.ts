import { constants } from "node:buffer";
import { createRequire } from "node:module";
import * as zlib from "node:zlib";
import { bunzip2 } from "./bunzip2.ts";
import { malformed, shown, UndecodableMessage } from "./undecodable-message.ts";
import { UnencodableValue } from "./unencodable-value.ts";
import { xzSize } from "./xz-size.ts";

export type CompressionName = "zlib" | "bzip2" | "zstd" | "brotli" | "lzma";

interface Compression {
  name: CompressionName;
  /** What stands in the header `compression`. */
  contentType: string;
  /** kombu's other names for it. */
  aliases: readonly string[];
  /** @throws whatever, when it is damaged or would be longer than `most` bytes */
  inflate(bytes: Buffer, most: number): Buffer;
  /** Missing where it is only read. */
  deflate?(bytes: Buffer): Buffer;
}

/** kombu's compressions (kombu 5.6 `compression.py`). */
const compressions: readonly Compression[] = [
  {
    name: "zlib",
    contentType: "application/x-gzip",
    aliases: ["gzip", "zlib"],
    // In spite of its name Python writes zlib's format under this type. Others write gzip's, and both are told apart.
    inflate: (bytes, most) => zlib.unzipSync(bytes, { maxOutputLength: most }),
    deflate: (bytes) => zlib.deflateSync(bytes),
  },
  {
    name: "bzip2",
    contentType: "application/x-bz2",
    aliases: ["bzip2", "bzip"],
    inflate: bunzip2,
  },
  {
    name: "zstd",
    contentType: "application/zstd",
    aliases: ["zstd", "zstandard"],
    inflate: (bytes, most) => zlib.zstdDecompressSync(bytes, { maxOutputLength: most }),
    deflate: (bytes) => zlib.zstdCompressSync(bytes),
  },
  {
    name: "brotli",
    contentType: "application/x-brotli",
    aliases: ["brotli"],
    inflate: (bytes, most) => zlib.brotliDecompressSync(bytes, { maxOutputLength: most }),
    deflate: (bytes) => zlib.brotliCompressSync(bytes),
  },
  {
    name: "lzma",
    contentType: "application/x-lzma",
    aliases: ["lzma", "xz"],
    inflate: unxz,
  },
];

/**
 * Takes a body's compression off.
 *
 * @param name  the header `compression`: a content type, or one of kombu's names
 * @param most  bytes that it may come to; inflation stops there
 * @throws {UndecodableMessage} `unsupported-compression`, `too-large`, `malformed`
 */
export function inflate(bytes: Buffer, name: unknown, most: number): Buffer {
  const compression = find(name);
  if (!compression) throw new UndecodableMessage("unsupported-compression", `cannot read compression ${shown(name)}`);
  const limit = Math.min(most, constants.MAX_LENGTH);
  try {
    return compression.inflate(bytes, limit);
  } catch (error) {
    if (error instanceof UndecodableMessage) throw error;
    if (isOverflow(error)) throw beyond(limit);
    throw malformed(`the body cannot be inflated as ${compression.name}`, error);
  }
}

/**
 * Compresses a body; answers what belongs into the header `compression`, too.
 *
 * @param name  kombu's name, or a content type
 * @throws {UnencodableValue} when it is unknown, only read, or not there on this platform
 */
export function deflate(bytes: Buffer, name: string): { bytes: Buffer; contentType: string } {
  const compression = find(name);
  if (!compression) throw new UnencodableValue(`there is no compression ${shown(name)}`);
  if (!compression.deflate) throw new UnencodableValue(`${compression.name} is read here, but not written`);
  return { bytes: compression.deflate(bytes), contentType: compression.contentType };
}

/** Whether {@link deflate} writes it. */
export function isDeflated(name: string): boolean {
  return find(name)?.deflate !== undefined;
}

function find(name: unknown): Compression | undefined {
  return compressions.find(
    ({ contentType, aliases }) => contentType === name || (typeof name === "string" && aliases.includes(name)),
  );
}

function isOverflow(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}

function beyond(most: number): UndecodableMessage {
  return new UndecodableMessage("too-large", `the body inflates to more than ${most} bytes`);
}

/** The largest dictionary that any preset of xz writes with. */
const largestDictionary = 64 << 20;

function unxz(bytes: Buffer, most: number): Buffer {
  const { inflated, dictionary } = xzSize(bytes);
  if (inflated > most) throw beyond(most);
  if (dictionary > largestDictionary) {
    throw new UndecodableMessage("too-large", `the body takes ${dictionary} bytes of memory to inflate`);
  }
  const library = xzLibrary();
  if (!library) throw new UndecodableMessage("unsupported-compression", "lzma is not available on this platform");
  return library.decompressSync(bytes);
}

/** An optional dependency: native, and not there for every platform. Loaded when it is needed first. */
function xzLibrary(): typeof import("@napi-rs/lzma/xz") | undefined {
  try {
    loaded ??= createRequire(import.meta.url)("@napi-rs/lzma/xz") as typeof import("@napi-rs/lzma/xz");
  } catch {
    return undefined;
  }
  return loaded;
}

let loaded: typeof import("@napi-rs/lzma/xz") | undefined;
