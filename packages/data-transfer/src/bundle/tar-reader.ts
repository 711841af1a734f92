import { type SafetyRule, TarDamaged, TarLimitExceeded } from "../errors/package.ts";
import { escapeName } from "./names.ts";
import { readEntry, type TarEntry, type TarLink } from "./tar-entry.ts";
import { type ExtendedPlace, type Override, readLongText, readPax } from "./tar-extended.ts";
import { blockSize, escapedName, isZero, type RawHeader, readHeader, refuseType } from "./tar-header.ts";

export type { TarEntry, TarLink };

export interface TarLimits {
  /** Files, directories and links. */
  entries: number;
  /** Bytes of one member. */
  entrySize: number;
  /** Bytes of one extended header: a long name, or pax records. */
  extendedSize: number;
  /** Extended headers before one entry. */
  extendedInRow: number;
  /** Records in one pax header. */
  paxRecords: number;
}

export const tarLimits: TarLimits = {
  ...{ entries: 5_000_000, entrySize: 2 ** 50 },
  ...{ extendedSize: 1024 * 1024, extendedInRow: 4, paxRecords: 1000 },
};

export interface TarReaderOptions {
  /** Those that are not given are {@link tarLimits}. */
  limits?: Partial<TarLimits>;
  /** Bytes of the whole tar, where they are known: what reaches beyond is refused at its header. */
  size?: number;
  /** Of {@link waivableRules}; other rules cannot be waived, and are obeyed. The sink then has to have `link`. */
  waivedRules?: ReadonlySet<SafetyRule>;
}

/** Takes what is in a tar, in its order. Called synchronously from {@link TarReader.push}; may throw to end the reading. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** A piece of the file that was last announced: a view of what was pushed, not a copy. */
  data(bytes: Uint8Array): void;
  /** The file that was last announced is complete. Not called for directories. */
  endOfFile(): void;
  /** A link that a waiver lets through: to be noted among the names and recorded, and not to be made. */
  link?(link: TarLink): void;
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
 * nothing else. Copies no member's bytes, and keeps nothing but the header at hand: between two members there is no state
 * but the count of entries.
 *
 * Stricter than tar programs are: every header's checksum, both blocks of zeroes at the end and nothing but zeroes behind
 * them, padding that is zero, names that are safe as they stand. Where it reads a tar at all, it finds in it what GNU tar finds.
 */
export function createTarReader(sink: TarSink, options: TarReaderOptions = {}): TarReader {
  const limits = { ...tarLimits, ...options.limits };
  const wholeSize = options.size ?? Number.MAX_SAFE_INTEGER;
  const waived = {
    symbolic: options.waivedRules?.has("symbolic-link") ?? false,
    hard: options.waivedRules?.has("hard-link") ?? false,
  };
  const links = waived.symbolic || waived.hard;
  if (links && sink.link === undefined) throw new TypeError("with links let through, the sink has to take them");

  /** A header of which the rest is still to come. */
  const partial = Buffer.alloc(blockSize);
  let filled = 0;
  let offset = 0;
  let entries = 0;
  let state: "header" | "body" | "extended" | "padding" | "end" | "ended" = "header";
  /** Bytes of the body, or of the padding, that are still to come. */
  let left = 0;
  let padding = 0;
  /** For errors in what lies behind a header. */
  let atHand: { offset: number; path: string } | undefined;
  let extended: (ExtendedPlace & { kind: RawHeader["kind"]; body: Buffer | undefined; size: number }) | undefined;
  let extendedInRow = 0;
  let override: Override | undefined;
  let byPax = false;

  return {
    get offset() {
      return offset;
    },

    push(bytes) {
      if (offset + bytes.length > wholeSize) throw damaged(wholeSize, "it goes on behind the end that it should have");
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let at = 0; at < chunk.length; ) {
        let taken: number;
        if (state === "body") taken = takeBody(bytes, at);
        else if (state === "extended") taken = takeExtended(chunk, at);
        else if (state === "padding") taken = takePadding(chunk, at);
        else taken = takeBlock(chunk, at);
        at += taken;
        offset += taken;
      }
    },

    end() {
      if (state === "ended" && filled === 0) return;
      if (state === "header" && filled === 0) throw damaged(offset, "the blocks that end a tar are missing");
      const inside = state === "body" || state === "padding" || state === "extended";
      throw damaged(offset, "it ends in the middle", inside ? atHand : undefined);
    },
  };

  /** Reads a header where it lies, or gathers one that comes in pieces. */
  function takeBlock(chunk: Buffer, at: number): number {
    if (filled === 0 && chunk.length - at >= blockSize) {
      readBlock(chunk, at, offset);
      return blockSize;
    }
    const taken = Math.min(blockSize - filled, chunk.length - at);
    chunk.copy(partial, filled, at, at + taken);
    filled += taken;
    if (filled === blockSize) {
      const start = offset + taken - blockSize;
      filled = 0;
      readBlock(partial, 0, start);
    }
    return taken;
  }

  function readBlock(block: Buffer, at: number, start: number): void {
    const zero = isZero(block, at);
    if (state === "ended") {
      if (!zero) throw damaged(start, "there is something behind its end");
    } else if (!zero) {
      if (state === "end") throw damaged(start, "one of the two blocks that end it is missing");
      const header = readHeader(block, at, start);
      if (isExtended(header.kind)) beginExtended(block, at, header, start);
      else beginEntry(block, at, header, start);
    } else if (override !== undefined) {
      throw damaged(start, "an extended header is not followed by its entry", atHand);
    } else {
      state = state === "end" ? "ended" : "end";
    }
  }

  function beginEntry(block: Buffer, at: number, header: RawHeader, start: number): void {
    const entry = readEntry(block, at, header, override, start, waived);
    atHand = { offset: start, path: entry.path };
    override = undefined;
    extendedInRow = 0;
    if (++entries > limits.entries) throw exceeded("entries", limits.entries);
    if (entry.size > limits.entrySize) throw exceeded("bytes in a file", limits.entrySize);
    // Both blocks of the end have to follow, too.
    const least = start + blockSize * (3 + Math.ceil(entry.size / blockSize));
    if (least > wholeSize) throw damaged(start, "it reaches beyond the end of the tar", atHand);
    if (entry.kind === "link") {
      sink.link?.(entry);
    } else {
      sink.entry(entry);
      if (entry.kind === "file") expect("body", entry.size);
    }
  }

  function beginExtended(block: Buffer, at: number, { kind, size }: RawHeader, start: number): void {
    const name = block.toString("latin1", at, at + 100);
    atHand = { offset: start, path: name };
    if (kind === "gnu-long-target" && !links) throw refuseType(0x4b, escapedName(block, at), start);
    if (++extendedInRow > limits.extendedInRow) throw exceeded("extended headers in a row", limits.extendedInRow);
    if (size > limits.extendedSize) throw exceeded("bytes in an extended header", limits.extendedSize);
    extended = { kind, offset: start, name, size, body: undefined };
    expect("extended", size);
  }

  /** The next `size` bytes, and the padding behind them, are not headers. */
  function expect(what: "body" | "extended", size: number): void {
    state = what;
    left = size;
    padding = (blockSize - (size % blockSize)) % blockSize;
    if (left > 0) return;
    if (what === "body") endBody();
    else endExtended(noBytes);
  }

  function takeBody(bytes: Uint8Array, at: number): number {
    const taken = Math.min(left, bytes.length - at);
    sink.data(at === 0 && taken === bytes.length ? bytes : bytes.subarray(at, at + taken));
    left -= taken;
    if (left === 0) endBody();
    return taken;
  }

  function endBody(): void {
    sink.endOfFile();
    endMember();
  }

  /** Reads an extended header where it lies, or gathers one that comes in pieces. */
  function takeExtended(chunk: Buffer, at: number): number {
    const header = extended as NonNullable<typeof extended>;
    const taken = Math.min(left, chunk.length - at);
    left -= taken;
    if (taken === header.size) {
      endExtended(chunk.subarray(at, at + taken));
      return taken;
    }
    header.body ??= Buffer.allocUnsafe(header.size);
    chunk.copy(header.body, header.size - left - taken, at, at + taken);
    if (left === 0) endExtended(header.body);
    return taken;
  }

  function endExtended(body: Buffer): void {
    applyExtended(extended as NonNullable<typeof extended>, body);
    extended = undefined;
    endMember();
  }

  function endMember(): void {
    state = padding > 0 ? "padding" : "header";
    left = padding;
  }

  /** An entry has one pax header, or one long name and one long target; nothing stands between them and the entry. */
  function applyExtended(place: NonNullable<typeof extended>, body: Buffer): void {
    const { kind, offset: start } = place;
    const field = kind === "gnu-long-name" ? "path" : "target";
    const pax = kind === "pax" || kind === "pax-global";
    if (override !== undefined && (pax || byPax || override[field] !== undefined)) {
      throw damaged(start, "two extended headers belong to one entry", atHand);
    }
    byPax = pax;
    if (!pax) {
      override = { ...override, [field]: readLongText(body, start) };
      return;
    }
    const said = readPax(body, place, { global: kind === "pax-global", links, records: limits.paxRecords });
    if (kind === "pax") override = said;
  }

  function takePadding(chunk: Buffer, at: number): number {
    const taken = Math.min(left, chunk.length - at);
    for (let place = at; place < at + taken; place++) {
      if (chunk[place] !== 0) throw damaged(offset + place - at, "the padding is not empty", atHand);
    }
    left -= taken;
    if (left === 0) state = "header";
    return taken;
  }

  function exceeded(limit: string, allowed: number): TarLimitExceeded {
    const { offset, path } = atHand as NonNullable<typeof atHand>;
    return new TarLimitExceeded({ limit, allowed, offset, name: printable(path) });
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
  { room, ...options }: TarReaderOptions & { room?: () => Promise<void> | undefined } = {},
): Promise<void> {
  const reader = createTarReader(sink, options);
  for await (const bytes of source) {
    reader.push(bytes);
    const wait = room?.();
    if (wait !== undefined) await wait;
  }
  reader.end();
}

function isExtended(kind: RawHeader["kind"]): boolean {
  return kind === "pax" || kind === "pax-global" || kind === "gnu-long-name" || kind === "gnu-long-target";
}

const noBytes = Buffer.alloc(0);

/** What is wrong at a byte; `behind` is the header that it belongs to. */
function damaged(offset: number, why: string, behind?: { offset: number; path: string }): TarDamaged {
  if (behind === undefined) return new TarDamaged({ offset, why });
  return new TarDamaged({ offset, why, name: printable(behind.path), header: behind.offset });
}

/** A path of an entry, or what stands in the name's field of an extended header. */
function printable(path: string): string {
  return escapeName(path.split("\0", 1)[0] as string);
}
