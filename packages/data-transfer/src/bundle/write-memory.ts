/**
 * Memory for bytes that wait to be written: slabs that begin at a page, as writing past the page cache needs it, and that
 * threads can share. A `WebAssembly.Memory` is the one kind of memory with both properties that Node gives out.
 */
export interface WriteMemory {
  /** Of this process's; threads know it by that. */
  readonly number: number;
  readonly buffer: SharedArrayBuffer;
  readonly slabs: readonly Slab[];
  /** Slabs that hold nothing and are nobody's. */
  readonly free: number;
  /** An empty slab. @throws Error when there is none: who asks has looked at {@link free} */
  take(): Slab;
  /** Says that a part of a slab, or its user, is done with; the last one frees it. */
  release(slab: Slab): void;
}

export interface Slab {
  /** The whole of it, {@link slabSize} bytes. */
  readonly memory: Buffer;
  /** Where it lies in the shared buffer. */
  readonly start: number;
  /** Bytes in use, from its beginning. */
  filled: number;
  /** Writes, and whoever fills it, that still need it. */
  users: number;
}

export const slabSize = 1024 * 1024;
const slabCount = 8;
const wasmPage = 64 * 1024;

/** What ended packages have left: the next ones use it again, since memory once touched is cheap and fresh memory is not. */
const idle: WriteMemory[] = [];

/** Memory for one package on its way: 8 slabs of 1 MiB. */
export function borrowWriteMemory(): WriteMemory {
  return idle.pop() ?? createWriteMemory();
}

/** Takes it back. Nothing may write from it any more. */
export function returnWriteMemory(memory: WriteMemory): void {
  if (memory.free === slabCount) idle.push(memory);
}

let made = 0;

function createWriteMemory(): WriteMemory {
  const pages = (slabSize * slabCount) / wasmPage;
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const slabs: Slab[] = Array.from({ length: slabCount }, (_, number) => ({
    memory: Buffer.from(buffer, number * slabSize, slabSize),
    start: number * slabSize,
    filled: 0,
    users: 0,
  }));
  const free = [...slabs];
  const number = ++made;
  return {
    number,
    buffer,
    slabs,
    get free() {
      return free.length;
    },
    take() {
      const slab = free.pop();
      if (slab === undefined) throw new Error("no memory is free: the writer's room was not looked at");
      slab.filled = 0;
      slab.users = 1;
      return slab;
    },
    release(slab) {
      slab.users -= 1;
      if (slab.users === 0) free.push(slab);
    },
  };
}

/** Of the browsers' types, which this project does not have, what is needed here. */
declare const WebAssembly: {
  Memory: new (options: { initial: number; maximum: number; shared: true }) => { readonly buffer: SharedArrayBuffer };
};
