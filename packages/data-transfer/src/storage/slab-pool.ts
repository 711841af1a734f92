/** Bytes of a slab. */
export const slabSize = 1024 * 1024;

/**
 * The memory in which reads keep what came before its turn: slabs of 1 MiB, made once and used again. All reads of a
 * worker share one pool, so that its size holds however many packages and parts are under way.
 *
 * Each reader may have an equal share of it. Nobody must wait for a slab to bring bytes whose turn it is: that is what
 * keeps readers from waiting for each other.
 */
export class SlabPool {
  readonly #most: number;
  readonly #free: Buffer[] = [];
  readonly #readers = new Set<SlabShare>();
  #made = 0;

  /** @param bytes  of memory at most; below 1 MiB there is none, and reads do not run ahead */
  constructor(bytes: number) {
    this.#most = Math.floor(bytes / slabSize);
  }

  /** Slabs in use, for tests and figures. */
  get used(): number {
    return this.#made - this.#free.length;
  }

  /** Bytes of memory that were ever needed at once. */
  get allocated(): number {
    return this.#made * slabSize;
  }

  /** A reader's part of the pool; to be left when the reader ends. */
  join(): SlabShare {
    const share: SlabShare = new SlabShare(
      () => this.#most / this.#readers.size,
      () => this.#take(),
      (slab) => this.#give(slab),
      () => this.#leave(share),
    );
    this.#readers.add(share);
    return share;
  }

  #take(): Buffer | undefined {
    const slab = this.#free.pop();
    if (slab !== undefined || this.#made >= this.#most) return slab;
    this.#made += 1;
    return Buffer.allocUnsafeSlow(slabSize);
  }

  #give(slab: Buffer): void {
    this.#free.push(slab);
    this.#tell();
  }

  #leave(share: SlabShare): void {
    this.#readers.delete(share);
    this.#tell();
  }

  /** There may be room for anybody now. */
  #tell(): void {
    for (const reader of this.#readers) reader.onRoom();
  }
}

/** One reader's part of a {@link SlabPool}. */
export class SlabShare {
  /** Called when a slab may be had again. */
  onRoom: () => void = () => {};
  readonly #most: () => number;
  readonly #take: () => Buffer | undefined;
  readonly #give: (slab: Buffer) => void;
  readonly #leave: () => void;
  #used = 0;

  constructor(most: () => number, take: () => Buffer | undefined, give: (slab: Buffer) => void, leave: () => void) {
    this.#most = most;
    this.#take = take;
    this.#give = give;
    this.#leave = leave;
  }

  /** Slabs that this reader may have in all, as things stand. */
  get most(): number {
    return Math.floor(this.#most());
  }

  /** @returns undefined when the share is used up, or nothing is free */
  take(): Buffer | undefined {
    if (this.#used >= this.most) return undefined;
    const slab = this.#take();
    if (slab !== undefined) this.#used += 1;
    return slab;
  }

  give(slab: Buffer): void {
    this.#used -= 1;
    this.#give(slab);
  }

  leave(): void {
    this.#leave();
  }
}
