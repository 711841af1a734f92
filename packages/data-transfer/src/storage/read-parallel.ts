import { Concurrency } from "./concurrency.ts";
import { ReadPart } from "./read-part.ts";
import { SlabPool } from "./slab-pool.ts";
import type { ByteRange, Pin, Storage } from "./storage.ts";

export interface ParallelOptions {
  /** Bytes of a part; the last one may be shorter, and one that is read alone is longer. */
  partSize?: number;
  /** Memory for what comes before its turn; shared by all reads of a worker. */
  slabs?: SlabPool;
  /** How many parts are under way; shared by all reads of an archive. */
  concurrency?: Concurrency;
}

export const defaultPartSize = 16 * 1024 * 1024;
export const defaultReadMemory = 48 * 1024 * 1024;
export const defaultConnections = 4;

/** A part that nothing runs beside is longer by this: asking costs time, and its bytes need no memory. */
const aloneFactor = 4;
/** Bytes that are worth a request of their own. */
const leastPart = 8 * 1024 * 1024;
/** Slabs that a part may fill before its turn where nobody waits for bytes: what lies there is lost when the reader is killed. */
const slabsOfPatient = 8;

/**
 * A range of an object, cut into parts of which several are under way at once, in order.
 *
 * Every part is one `storage.read` with the pin, so what a decorator does for a read it does for each part. A part whose
 * turn has not come keeps its bytes in slabs; when there are none to be had it stops reading, and its server waits. The
 * part whose turn it is needs no slab: its bytes are handed on as they come. So it always goes on, whatever the others
 * hold, and the others go on as it frees their turn.
 *
 * Parts that ended together would fill the memory together, and then wait together while it is emptied. So each is as long as
 * it takes to end a little later than the one before it.
 *
 * Chunks have up to 1 MiB, and are good until the next one is asked for. When the read is left, or called off, every part
 * is ended before it returns; that takes a storage that heeds its signal, as {@link withStallLimit} makes of any.
 *
 * @throws whatever the storage throws, in its place: all bytes before it are given first
 */
export async function* readParallel(
  storage: Storage,
  key: string,
  range: ByteRange,
  pin: Pin,
  signal: AbortSignal,
  options: ParallelOptions = {},
): AsyncGenerator<Uint8Array> {
  const { partSize = defaultPartSize } = options;
  const end = Math.min(range.end ?? pin.size, pin.size);
  if (end - range.start <= partSize) {
    yield* storage.read(key, { start: range.start, end }, pin, signal);
    return;
  }
  signal.throwIfAborted();
  const { slabs = new SlabPool(defaultReadMemory) } = options;
  const concurrency = options.concurrency ?? new Concurrency({ ceiling: defaultConnections });
  const left = new AbortController();
  const until = AbortSignal.any([signal, left.signal]);
  const share = slabs.join();
  const readerEnded = concurrency.reader();
  const parts: ReadPart[] = [];
  let next = range.start;

  share.onRoom = () => {
    for (const part of parts) part.goOn();
  };
  let wasHungry = true;
  const noticeHunger = () => {
    if (concurrency.hungry && !wasHungry) share.onRoom();
    wasHungry = concurrency.hungry;
  };
  const sizeOfNext = () => {
    if (concurrency.limit === 1) return partSize * aloneFactor;
    const later = (parts.at(-1)?.left ?? 0) + partSize / concurrency.limit;
    return Math.ceil(Math.min(Math.max(later, Math.min(leastPart, partSize)), partSize * 1.5));
  };
  const begin = () => {
    if (left.signal.aborted) return;
    let receiving = parts.filter((part) => part.receiving).length;
    while (next < end && receiving < concurrency.limit) {
      const size = sizeOfNext();
      // What would be left is not worth a part of its own.
      const to = end - next < size + partSize / 2 ? end : next + size;
      const chunks = storage.read(key, { start: next, end: to }, pin, until);
      // Each may have its share of what this read may have.
      const mayTake = (held: number) => {
        const most = concurrency.hungry ? share.most : Math.min(share.most, slabsOfPatient);
        return held < Math.max(1, Math.floor(most / Math.max(1, parts.length - 1)));
      };
      const ahead = parts.length > 0;
      parts.push(new ReadPart({ chunks, size: to - next, share, mayTake, concurrency, ahead, onReceived: begin }));
      next = to;
      receiving += 1;
    }
  };

  try {
    begin();
    for (let head = parts[0]; head !== undefined; head = parts[0]) {
      for await (const chunk of head.inTurn()) {
        yield chunk;
        // There may be a higher limit by now.
        begin();
        noticeHunger();
      }
      parts.shift();
      begin();
    }
  } finally {
    left.abort(new Error("the read was left"));
    await Promise.all(parts.map((part) => part.end()));
    readerEnded();
    share.leave();
  }
}
