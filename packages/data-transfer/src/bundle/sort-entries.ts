import { type FileHandle, mkdtemp, open, rmdir, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { translateWriteError } from "./translate-write-error.ts";

/** Texts that are brought into an order, however many they are. */
export interface SortedEntries {
  /** @param key by its UTF-8 bytes the entries are ordered */
  add(key: string, text: string): void;
  /** A promise where more waits to be written than memory should hold. */
  room(): Promise<void> | undefined;
  /** The texts, in the order of their keys; as often as wanted, after the last was added. */
  sorted(): AsyncIterable<string>;
  /** Gives the room on disk back. */
  close(): Promise<void>;
}

interface Entry {
  key: Buffer;
  text: string;
}

/**
 * Sorts in memory what fits into it, and beyond that in files that have no name any more, so that a killed process leaves
 * none: runs that are each in order are written, and merged when they are read.
 *
 * @param memory bytes of keys and texts that are held at most
 * `room` and `sorted` throw NoSpace, DestinationNotWritable and StorageFailed.
 */
export function sortEntries({ memory = 8 * 1024 * 1024, folder = tmpdir() } = {}): SortedEntries {
  const runs: FileHandle[] = [];
  let entries: Entry[] = [];
  let bytes = 0;
  /** Ends when every run that was begun is written: one after the other. */
  let written: Promise<void> = Promise.resolve();
  let waiting = 0;

  return {
    add(key, text) {
      entries.push({ key: Buffer.from(key), text });
      bytes += key.length + text.length + entryCosts;
      if (bytes > memory) nextRun();
    },

    room: () => (waiting > 0 ? written : undefined),

    async *sorted() {
      await written;
      if (runs.length > 0 && entries.length > 0) nextRun();
      await written;
      if (runs.length === 0) for (const { text } of entries.sort(byKey)) yield text;
      else yield* merge(runs.map(readRun));
    },

    async close() {
      await written.catch(() => {});
      await Promise.all(runs.map((run) => run.close()));
    },
  };

  /** What is held becomes a run, and from now on others are held. */
  function nextRun(): void {
    const run = entries;
    entries = [];
    bytes = 0;
    waiting += 1;
    written = written.then(() => writeRun(run));
    // Whoever asks for room, or for the texts, hears of it.
    written.catch(() => {});
  }

  async function writeRun(held: Entry[]): Promise<void> {
    try {
      const run = await nameless(folder);
      runs.push(run);
      for (const lines of pieces(held.sort(byKey))) await run.appendFile(lines);
      waiting -= 1;
    } catch (error) {
      throw translateWriteError(error, folder, "write");
    }
  }
}

/** What an entry takes besides its characters, about. */
const entryCosts = 200;

function byKey(one: Entry, other: Entry): number {
  return Buffer.compare(one.key, other.key);
}

async function nameless(folder: string): Promise<FileHandle> {
  const place = await mkdtemp(join(folder, "ccat_data_transfer-"));
  const path = join(place, "run");
  try {
    const handle = await open(path, "wx+", 0o600);
    await unlink(path);
    return handle;
  } finally {
    await rmdir(place);
  }
}

function* pieces(entries: readonly Entry[]): Generator<string> {
  let lines = "";
  for (const { key, text } of entries) {
    lines += `${JSON.stringify([key.toString(), text])}\n`;
    if (lines.length < 256 * 1024) continue;
    yield lines;
    lines = "";
  }
  yield lines;
}

async function* readRun(run: FileHandle): AsyncGenerator<Entry> {
  // As many of these as there are runs are held at once, taken apart into lines.
  const buffer = Buffer.allocUnsafeSlow(32 * 1024);
  let rest = Buffer.alloc(0);
  for (let at = 0; ; ) {
    const { bytesRead } = await run.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.subarray(end);
    for (const line of bytes.toString("utf8", 0, end).split("\n")) {
      if (line === "") continue;
      const [key, text] = JSON.parse(line) as [string, string];
      yield { key: Buffer.from(key), text };
    }
  }
}

/** The least of all first entries is next; the runs stand in the order of their first entries. */
async function* merge(runs: AsyncGenerator<Entry>[]): AsyncGenerator<string> {
  const heads: { entry: Entry; run: AsyncGenerator<Entry> }[] = [];
  for (const run of runs) await next(run);
  for (let head = heads.pop(); head !== undefined; head = heads.pop()) {
    yield head.entry.text;
    await next(head.run);
  }

  async function next(run: AsyncGenerator<Entry>): Promise<void> {
    const { value, done } = await run.next();
    if (done) return;
    // The greatest stands first, so that the least is taken from the end.
    let [low, high] = [0, heads.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byKey((heads[middle] as { entry: Entry }).entry, value) > 0) low = middle + 1;
      else high = middle;
    }
    heads.splice(low, 0, { entry: value, run });
  }
}
