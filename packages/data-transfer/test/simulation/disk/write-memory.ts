import type { Slab, WriteMemory } from "../../../src/bundle/write-memory.ts";

// In place of src/bundle/write-memory.ts: a little memory for each package; what the dead had borrowed is collected.

export const slabSize = 512;
const slabCount = 8;
let made = 0;

export function borrowWriteMemory(): WriteMemory {
  const buffer = new SharedArrayBuffer(slabSize * slabCount);
  const slabs: Slab[] = Array.from({ length: slabCount }, (_, number) => ({
    memory: Buffer.from(buffer, number * slabSize, slabSize),
    start: number * slabSize,
    filled: 0,
    users: 0,
  }));
  const free = [...slabs];
  return {
    number: ++made,
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

export function returnWriteMemory(): void {}
