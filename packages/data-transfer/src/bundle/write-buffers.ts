/** Memory for bytes that wait to be written: few large slabs, filled one after the other and used again and again. */
export interface WriteBuffers {
  /** Slabs that hold bytes still to be written. */
  readonly used: number;
  /** Copies bytes in and appends the stretches that they take to `stretches`; what follows on directly makes the last one longer. */
  put(bytes: Uint8Array, stretches: Stretch[]): void;
  /** Gives the memory of stretches back: nobody may look at it any more. */
  release(stretches: readonly Stretch[]): void;
}

/** Consecutive bytes in a slab. */
export interface Stretch {
  readonly slab: Slab;
  start: number;
  end: number;
}

interface Slab {
  readonly memory: Buffer;
  filled: number;
  /** Bytes put and not yet released. */
  held: number;
}

/**
 * Without this, each piece of a package would stay in a buffer of its own until it is written, old enough by then that
 * only a full garbage collection frees it: the process would hold several times what is on its way.
 *
 * Neighbours share a slab, whatever file they belong to; it is used again when all its bytes were released.
 */
export function createWriteBuffers(slabSize: number): WriteBuffers {
  const free: Slab[] = [];
  let used = 0;
  let filling: Slab | undefined;

  return {
    get used() {
      return used;
    },

    put(bytes, stretches) {
      for (let at = 0; at < bytes.length; ) {
        const slab = slabWithRoom();
        const length = Math.min(bytes.length - at, slabSize - slab.filled);
        slab.memory.set(bytes.subarray(at, at + length), slab.filled);
        const last = stretches.at(-1);
        if (last?.slab === slab && last.end === slab.filled) last.end += length;
        else stretches.push({ slab, start: slab.filled, end: slab.filled + length });
        slab.filled += length;
        slab.held += length;
        at += length;
      }
    },

    release(stretches) {
      for (const { slab, start, end } of stretches) {
        slab.held -= end - start;
        if (slab.held > 0) continue;
        slab.filled = 0;
        used -= 1;
        if (slab === filling) filling = undefined;
        free.push(slab);
      }
    },
  };

  function slabWithRoom(): Slab {
    if (filling !== undefined && filling.filled < slabSize) return filling;
    filling = free.pop() ?? { memory: Buffer.allocUnsafeSlow(slabSize), filled: 0, held: 0 };
    used += 1;
    return filling;
  }
}

/** The bytes of a stretch; a view. */
export function bytesOf({ slab, start, end }: Stretch): Uint8Array {
  return slab.memory.subarray(start, end);
}
