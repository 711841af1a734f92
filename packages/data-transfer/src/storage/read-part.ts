import type { Concurrency } from "./concurrency.ts";
import type { SlabShare } from "./slab-pool.ts";

export interface ReadPartOptions {
  chunks: AsyncIterable<Uint8Array>;
  /** Bytes that will come. */
  size: number;
  share: SlabShare;
  /** Whether a part that holds so many slabs may have another one. */
  mayTake(held: number): boolean;
  concurrency: Concurrency;
  /** Others come before it: it reads into slabs until its turn. */
  ahead: boolean;
  /** Called once, when so little is left to come that another part can be asked for. */
  onReceived(): void;
}

/** Of a part with so few bytes to come the next one can be asked for: the answer takes its time. */
const ending = 1024 * 1024;

/** One part of a parallel read: reads ahead into slabs, as many as it may have, until its turn comes. */
export class ReadPart {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #options: ReadPartOptions;
  readonly #slabs: { memory: Buffer; filled: number }[] = [];
  readonly #filling: Promise<void>;
  #left: number;
  #ended: (() => void) | undefined;
  #stopped: "in turn" | "ended" | undefined;
  /** Came, and found no slab before the turn. */
  #leftover: Uint8Array | undefined;
  #outcome: "done" | { error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(options: ReadPartOptions) {
    this.#options = options;
    this.#chunks = options.chunks[Symbol.asyncIterator]();
    this.#left = options.size;
    this.#ended = options.concurrency.part();
    this.#filling = options.ahead ? this.#fill() : Promise.resolve();
  }

  /** Whether it keeps a connection busy, and for longer than asking for another part takes. */
  get receiving(): boolean {
    return this.#ended !== undefined;
  }

  /** Bytes that have yet to come. */
  get left(): number {
    return this.#left;
  }

  /** There may be a slab now. */
  goOn(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Its turn has come: what it has kept, and then what comes, as it comes. @throws what the storage throws */
  async *inTurn(): AsyncGenerator<Uint8Array> {
    this.#stopped = "in turn";
    this.goOn();
    for (let slab = this.#slabs[0]; slab !== undefined; slab = this.#slabs[0]) {
      yield slab.memory.subarray(0, slab.filled);
      this.#slabs.shift();
      this.#options.share.give(slab.memory);
    }
    await this.#starving(this.#filling);
    if (this.#leftover !== undefined) yield this.#leftover;
    this.#leftover = undefined;
    while (this.#outcome === undefined) {
      const chunk = await this.#starving(this.#next());
      if (chunk !== undefined) yield chunk;
    }
    if (this.#outcome !== "done") throw this.#outcome.error;
  }

  /** Gives up what it holds, and waits until nothing of it goes on. */
  async end(): Promise<void> {
    this.#stopped = "ended";
    this.goOn();
    for (const { memory } of this.#slabs.splice(0)) this.#options.share.give(memory);
    await this.#filling;
    await this.#chunks.return?.().catch(() => {});
    if (this.#outcome === undefined) this.#close("done");
  }

  async #fill(): Promise<void> {
    while (this.#stopped === undefined && this.#outcome === undefined) {
      let chunk = await this.#next();
      while (chunk !== undefined && chunk.length > 0) {
        if (this.#stopped !== undefined) {
          this.#leftover = chunk;
          return;
        }
        const kept = this.#keep(chunk);
        chunk = chunk.subarray(kept);
        if (kept === 0) await this.#room();
      }
    }
  }

  /** Copies what fits into one slab. @returns bytes copied; 0 when no slab can be had */
  #keep(chunk: Uint8Array): number {
    let slab = this.#slabs.at(-1);
    if (slab === undefined || slab.filled === slab.memory.length) {
      const memory = this.#options.mayTake(this.#slabs.length) ? this.#options.share.take() : undefined;
      if (memory === undefined) return 0;
      slab = { memory, filled: 0 };
      this.#slabs.push(slab);
    }
    const count = Math.min(chunk.length, slab.memory.length - slab.filled);
    slab.memory.set(count === chunk.length ? chunk : chunk.subarray(0, count), slab.filled);
    slab.filled += count;
    return count;
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** The next chunk; undefined when it has ended, well or not. */
  async #next(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#chunks.next();
      if (!done) {
        this.#options.concurrency.received(value.length);
        this.#left -= value.length;
        if (this.#left <= ending) this.#receivedAll();
        return value;
      }
      this.#close("done");
    } catch (error) {
      this.#close({ error });
    }
    return undefined;
  }

  async #starving<T>(bytes: Promise<T>): Promise<T> {
    const since = performance.now();
    const result = await bytes;
    this.#options.concurrency.starved(performance.now() - since);
    return result;
  }

  #close(outcome: "done" | { error: unknown }): void {
    this.#outcome = outcome;
    this.#receivedAll();
  }

  #receivedAll(): void {
    const ended = this.#ended;
    if (ended === undefined) return;
    this.#ended = undefined;
    ended();
    this.#options.onReceived();
  }
}
