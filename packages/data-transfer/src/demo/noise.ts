/** A cheap, repeatable source of noise. */
export interface Noise {
  /** About normal, mean 0, deviation 1. */
  next(): number;
  /** Big-endian 32-bit floats, mean 0, deviation 1. */
  fillWithFloats(target: Buffer): void;
  /** Big-endian 32-bit integers, mean 0, deviation 1000. */
  fillWithIntegers(target: Buffer): void;
}

const poolValues = 1 << 18;

/**
 * Numbers are drawn once into a pool of a megabyte; what is filled takes stretches of it from places drawn anew. That
 * makes gigabytes a second, no two files alike, and the same bytes for the same seed on every machine.
 */
export function noiseFrom(seed: number): Noise {
  const draw = mulberry32(seed);
  // The sum of four even numbers is near enough to a normal one; sqrt(3) makes its deviation 1.
  const next = () => (draw() + draw() + draw() + draw() - 2) * Math.sqrt(3);

  let floats: Buffer | undefined;
  let integers: Buffer | undefined;
  return {
    next,
    fillWithFloats(target) {
      floats ??= pool((buffer, at) => buffer.writeFloatBE(next(), at));
      fill(target, floats);
    },
    fillWithIntegers(target) {
      integers ??= pool((buffer, at) => buffer.writeInt32BE(Math.round(1000 * next()), at));
      fill(target, integers);
    },
  };

  function fill(target: Buffer, from: Buffer): void {
    for (let at = 0; at < target.length; ) {
      const start = Math.floor((draw() * poolValues) / 2) * 4;
      at += from.copy(target, at, start, start + poolValues);
    }
  }
}

function pool(write: (buffer: Buffer, at: number) => void): Buffer {
  const buffer = Buffer.allocUnsafe(poolValues * 4);
  for (let at = 0; at < buffer.length; at += 4) write(buffer, at);
  return buffer;
}

/** Evenly from 0 up to 1, after Tommy Ettinger's generator of that name (public domain). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
