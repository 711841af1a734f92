/** Bytes of a block of memory that a socket reads into. */
export const blockSize = 256 * 1024;

/** A block with less room than this is not read into any further: small reads cost as much as large ones. */
const leastRoom = 64 * 1024;

/** Blocks with unread bytes, or in their reader's hands, beyond which nothing further is read. */
const mostBlocks = 2;

interface Block {
  readonly memory: Buffer;
  filled: number;
  taken: number;
}

/** Blocks that no connection uses now, for the next one that needs memory. */
export class BlockPool {
  readonly #free: Buffer[] = [];
  readonly #keep: number;

  /** @param keep  blocks that are kept for later at most */
  constructor(keep = 16) {
    this.#keep = keep;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(blockSize);
  }

  give(memory: Buffer): void {
    if (this.#free.length < this.#keep) this.#free.push(memory);
  }
}

/**
 * What came from a socket and was not yet looked at. The kernel writes straight into these blocks (`onread` of
 * node:net), which costs a fraction of what a stream of small buffers does: docs/decisions/0008.
 *
 * A block is written to beyond what was already read of it, never before, so that the bytes in a reader's hands stay.
 */
export class Inlet {
  readonly #pool: BlockPool;
  /** The last one is being read into. */
  readonly #blocks: Block[] = [];

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  /** Where the next bytes are to be put. Asked by the socket after each read, and before the first. */
  room(): Uint8Array {
    const last = this.#blocks.at(-1);
    const block = last && hasRoom(last) ? last : this.#append();
    return block.memory.subarray(block.filled);
  }

  /** @returns whether the socket may go on reading; it may bring a little more all the same */
  received(count: number): boolean {
    const last = this.#blocks.at(-1) as Block;
    last.filled += count;
    return this.#blocks.length + (hasRoom(last) ? 0 : 1) <= mostBlocks;
  }

  /** Unread bytes that lie together; undefined: there are none. Good until they are taken. */
  peek(): Buffer | undefined {
    for (;;) {
      const first = this.#blocks[0];
      if (first === undefined) return undefined;
      if (first.taken < first.filled) return first.memory.subarray(first.taken, first.filled);
      if (this.#blocks.length === 1) return undefined;
      this.#blocks.shift();
      this.#pool.give(first.memory);
    }
  }

  /** The first `count` bytes of what {@link peek} showed are done with. @returns whether there is room to read again */
  take(count: number): boolean {
    const first = this.#blocks[0] as Block;
    first.taken += count;
    if (first.taken === first.filled && this.#blocks.length > 1) {
      this.#blocks.shift();
      this.#pool.give(first.memory);
    }
    return this.#blocks.length <= mostBlocks;
  }

  /** Gives the memory back; that which the socket may still know of is left to the garbage collector. */
  close(): void {
    for (const { memory } of this.#blocks.slice(0, -1)) this.#pool.give(memory);
    this.#blocks.length = 0;
  }

  #append(): Block {
    const block = { memory: this.#pool.take(), filled: 0, taken: 0 };
    this.#blocks.push(block);
    return block;
  }
}

function hasRoom({ memory, filled }: Block): boolean {
  return memory.length - filled >= leastRoom;
}
