/** Keeps the bytes of the archive that lie between the members' data, until somebody wants them. */
export interface HeadKeeper {
  /** A piece of the archive is about to be read; it begins at `offset`. */
  before(piece: Uint8Array, offset: number): void;
  /** The piece has been read: what may belong to the next head is copied. */
  after(): void;
  /** The head that ends at `end`, and then a member's data as far as `next`, padding included; undefined where it is not kept. */
  take(end: number, next: number): Uint8Array | undefined;
}

/** More than any head may have: four extended headers of 1 MiB, and some. */
const headMax = 8 * 1024 * 1024;

export function createHeadKeeper(): HeadKeeper {
  let piece: Uint8Array = new Uint8Array();
  let offset = 0;
  /** Where the next head begins. */
  let start = 0;
  let kept: Uint8Array[] = [];
  let keptBytes = 0;

  return {
    before(next, at) {
      piece = next;
      offset = at;
    },

    after() {
      const from = Math.max(0, start + keptBytes - offset);
      if (from >= piece.length || keptBytes > headMax) return;
      const rest = Uint8Array.from(piece.subarray(from));
      kept.push(rest);
      keptBytes += rest.length;
    },

    take(end, next) {
      const from = start + keptBytes - offset;
      const whole = from >= 0 && keptBytes <= headMax;
      const head = whole ? Buffer.concat([...kept, piece.subarray(from, end - offset)]) : undefined;
      start = next;
      kept = [];
      keptBytes = 0;
      return head;
    },
  };
}
