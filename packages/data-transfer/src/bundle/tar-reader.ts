import { DataTransferError } from "../errors/data-transfer-error.ts";
import { TarDamaged, TarLimitExceeded, UnsafeMember, UnsafeName } from "../errors/package.ts";
import { checkMemberPath, escapeName } from "./names.ts";
import { decodeName, type Override, readLongName, readPax } from "./tar-extended.ts";
import { blockSize, isZero, type RawHeader, readHeader } from "./tar-header.ts";

/** A regular file or a directory, its name judged already. */
export interface TarEntry {
  kind: "file" | "directory";
  /** Without the slash at the end that directories have in a tar. */
  path: string;
  segments: string[];
  /** Bytes; 0 for directories. */
  size: number;
  /** Of its header in the tar. */
  offset: number;
}

export interface TarLimits {
  /** Files and directories. */
  entries: number;
  /** Bytes of one member. */
  entrySize: number;
  /** Bytes of one extended header: a long name, or pax records. */
  extendedSize: number;
}

export const tarLimits: TarLimits = { entries: 5_000_000, entrySize: 2 ** 50, extendedSize: 1024 * 1024 };

/** Takes what is in a tar, in its order. Called synchronously from {@link TarReader.push}; may throw to end the reading. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** A piece of the file that was last announced: a view of what was pushed, not a copy. */
  data(bytes: Uint8Array): void;
  /** The file that was last announced is complete. Not called for directories. */
  endOfFile(): void;
}

export interface TarReader {
  /** @throws TarDamaged, TarLimitExceeded, UnsafeMember, and what the sink throws; nothing may be pushed after that */
  push(bytes: Uint8Array): void;
  /** Says that there is nothing more. @throws TarDamaged when the tar is not complete */
  end(): void;
  /** Bytes pushed so far. */
  readonly offset: number;
}

/**
 * Reads a tar as it comes, in pieces of any size: ustar, pax and GNU's long names, regular files and directories, and
 * nothing else. Copies no member's bytes, and keeps nothing but the header at hand.
 *
 * Stricter than tar programs are: every header's checksum, both blocks of zeroes at the end and nothing but zeroes behind
 * them, padding that is zero, names that are safe as they stand. Where it reads a tar at all, it finds in it what GNU tar finds.
 */
export function createTarReader(sink: TarSink, limits: TarLimits = tarLimits): TarReader {
  const block = Buffer.alloc(blockSize);
  let filled = 0;
  let offset = 0;
  let entries = 0;
  let state: "header" | "body" | "extended" | "padding" | "end" | "ended" = "header";
  /** Bytes of the body, or of the padding, that are still to come. */
  let left = 0;
  let padding = 0;
  let extended: { kind: RawHeader["kind"]; offset: number; body: Buffer } | undefined;
  let override: Override | undefined;

  return {
    get offset() {
      return offset;
    },

    push(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const before = at;
        if (state === "body") at += body(bytes, at);
        else if (state === "extended") at += collect(bytes, at);
        else if (state === "padding") at += skipPadding(bytes, at);
        else at += fillBlock(bytes, at);
        offset += at - before;
        if (filled === blockSize) {
          filled = 0;
          readBlock(offset - blockSize);
        }
      }
    },

    end() {
      if (state === "ended" && filled === 0) return;
      const why =
        state === "header" && filled === 0 ? "the blocks that end a tar are missing" : "it ends in the middle";
      throw new TarDamaged({ offset, why });
    },
  };

  function fillBlock(bytes: Uint8Array, at: number): number {
    const taken = Math.min(blockSize - filled, bytes.length - at);
    block.set(bytes.subarray(at, at + taken), filled);
    filled += taken;
    return taken;
  }

  function readBlock(start: number): void {
    const zero = isZero(block);
    if (state === "ended" && !zero) throw new TarDamaged({ offset: start, why: "there is something behind its end" });
    if (state === "ended") return;
    if (state === "end" && !zero)
      throw new TarDamaged({ offset: start, why: "one of the two blocks that end it is missing" });
    if (zero && override !== undefined)
      throw new TarDamaged({ offset: start, why: "a name is not followed by an entry" });
    if (zero) state = state === "end" ? "ended" : "end";
    else beginEntry(readHeader(block, start), start);
  }

  function beginEntry(header: RawHeader, start: number): void {
    if (header.kind !== "file" && header.kind !== "directory") {
      if (header.size > limits.extendedSize)
        throw limitExceeded("bytes of an extended header", limits.extendedSize, start);
      extended = { kind: header.kind, offset: start, body: Buffer.allocUnsafe(header.size) };
      expect("extended", header.size);
      return;
    }
    if (++entries > limits.entries) throw limitExceeded("entries", limits.entries, start);
    const entry = resolveEntry(header, override, start);
    override = undefined;
    if (entry.size > limits.entrySize) throw limitExceeded("bytes of a file", limits.entrySize, start);
    sink.entry(entry);
    if (entry.kind === "file") expect("body", entry.size);
  }

  /** The next `size` bytes, and the padding behind them, are not headers. */
  function expect(what: "body" | "extended", size: number): void {
    state = what;
    left = size;
    padding = (blockSize - (size % blockSize)) % blockSize;
    if (left === 0) finish();
  }

  function body(bytes: Uint8Array, at: number): number {
    const taken = Math.min(left, bytes.length - at);
    sink.data(at === 0 && taken === bytes.length ? bytes : bytes.subarray(at, at + taken));
    left -= taken;
    if (left === 0) finish();
    return taken;
  }

  function collect(bytes: Uint8Array, at: number): number {
    const { body } = extended as NonNullable<typeof extended>;
    const taken = Math.min(left, bytes.length - at);
    body.set(bytes.subarray(at, at + taken), body.length - left);
    left -= taken;
    if (left === 0) finish();
    return taken;
  }

  function finish(): void {
    if (state === "body") sink.endOfFile();
    else applyExtended(extended as NonNullable<typeof extended>);
    state = padding > 0 ? "padding" : "header";
    left = padding;
  }

  function applyExtended({ kind, offset: start, body }: NonNullable<typeof extended>): void {
    extended = undefined;
    if (kind === "pax-global") {
      readPax(body, true, start);
      return;
    }
    if (override !== undefined)
      throw new TarDamaged({ offset: start, why: "two extended headers belong to one entry" });
    override = kind === "pax" ? readPax(body, false, start) : readLongName(body, start);
  }

  function skipPadding(bytes: Uint8Array, at: number): number {
    const taken = Math.min(left, bytes.length - at);
    for (let place = at; place < at + taken; place++) {
      if (bytes[place] !== 0) throw new TarDamaged({ offset: offset + place - at, why: "the padding is not empty" });
    }
    left -= taken;
    if (left === 0) state = "header";
    return taken;
  }
}

/**
 * Reads a whole tar from a source.
 *
 * @param room awaited between two pieces when the sink wants time
 */
export async function readTar(
  source: AsyncIterable<Uint8Array>,
  sink: TarSink,
  { limits, room }: { limits?: TarLimits; room?: () => Promise<void> | undefined } = {},
): Promise<void> {
  const reader = createTarReader(sink, limits);
  for await (const bytes of source) {
    reader.push(bytes);
    const wait = room?.();
    if (wait !== undefined) await wait;
  }
  reader.end();
}

function resolveEntry(header: RawHeader, override: Override | undefined, offset: number): TarEntry {
  const kind = header.kind as TarEntry["kind"];
  const written = override?.path ?? decodeName(header.name, offset);
  const path = kind === "directory" && written.endsWith("/") ? written.slice(0, -1) : written;
  const size = override?.size ?? header.size;
  const refuse = (error: UnsafeName) =>
    new UnsafeMember(
      { rule: error.rule, offset, name: escapeName(written), why: String(error.facts.why) },
      { cause: error },
    );
  if (kind === "file" && path.endsWith("/")) {
    const why = "it is a file whose name ends in a slash";
    throw new UnsafeMember({ rule: "trailing-slash", offset, name: escapeName(path), why });
  }
  if (kind === "directory" && size !== 0)
    throw new TarDamaged({ offset, why: "a directory has a size", name: escapeName(path) });
  try {
    return { kind, path, segments: checkMemberPath(path), size, offset };
  } catch (error) {
    throw error instanceof DataTransferError && error instanceof UnsafeName ? refuse(error) : error;
  }
}

function limitExceeded(limit: string, allowed: number, offset: number): TarLimitExceeded {
  return new TarLimitExceeded({ limit, allowed, offset });
}
