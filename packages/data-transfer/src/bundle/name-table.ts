import { hash, randomBytes } from "node:crypto";
import { nameKey } from "./names.ts";

/**
 * A set of names of which only fingerprints are kept: 16 bytes a name, however long it is. Names that some file systems
 * hold to be the same (after case folding and Unicode normalisation) are one entry.
 *
 * A fingerprint is 64 bits of a SHA-256 of the folded name and 64 bits of one of the name as it is written, both with a
 * secret of this table's own: nobody can make names that collide, and among a million names two do so by chance with a
 * probability of 3e-8; they would then be refused as the same name, never confused with one another.
 */
export interface NameTable {
  readonly count: number;
  /** The entry's number, from 0 in the order of adding; -1 where there is none of that name, however it is written. */
  find(name: string): number;
  /** Whether the entry that {@link find} answered last is written exactly as the name that was looked for. */
  readonly sameSpelling: boolean;
  /** Adds the name that {@link find} has just not found. Answers its number. */
  add(): number;
}

const chunkEntries = 1 << 14;

export function createNameTable(): NameTable {
  const secret = randomBytes(16).toString("hex");
  /** Four words an entry: two of the folded name, two of the name itself. In pieces, so that growing copies nothing. */
  const chunks: Uint32Array[] = [];
  let slots = new Int32Array(1 << 12).fill(-1);
  let count = 0;
  const wanted = new Uint32Array(4);
  let free = 0;
  let sameSpelling = false;

  return {
    get count() {
      return count;
    },
    get sameSpelling() {
      return sameSpelling;
    },

    find(name) {
      fingerprint(name);
      const mask = slots.length - 1;
      for (let slot = (wanted[0] as number) & mask; ; slot = (slot + 1) & mask) {
        const entry = slots[slot] as number;
        if (entry === -1) {
          free = slot;
          return -1;
        }
        const chunk = chunks[Math.floor(entry / chunkEntries)] as Uint32Array;
        const at = (entry % chunkEntries) * 4;
        if (chunk[at] !== wanted[0] || chunk[at + 1] !== wanted[1]) continue;
        sameSpelling = chunk[at + 2] === wanted[2] && chunk[at + 3] === wanted[3];
        return entry;
      }
    },

    add() {
      if (count % chunkEntries === 0) chunks.push(new Uint32Array(chunkEntries * 4));
      (chunks.at(-1) as Uint32Array).set(wanted, (count % chunkEntries) * 4);
      slots[free] = count++;
      if (count * 2 > slots.length) grow();
      return count - 1;
    },
  };

  function fingerprint(name: string): void {
    // As a text of one byte a character: a buffer takes several times as long to make as the hash.
    const own = hash("sha256", secret + name, "binary");
    const key = nameKey(name);
    const folded = key === name ? own : hash("sha256", secret + key, "binary");
    wanted[0] = wordAt(folded, 0);
    wanted[1] = wordAt(folded, 4);
    wanted[2] = wordAt(own, 8);
    wanted[3] = wordAt(own, 12);
  }

  function grow(): void {
    slots = new Int32Array(slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let entry = 0; entry < count; entry++) {
      const chunk = chunks[Math.floor(entry / chunkEntries)] as Uint32Array;
      let slot = (chunk[(entry % chunkEntries) * 4] as number) & mask;
      while (slots[slot] !== -1) slot = (slot + 1) & mask;
      slots[slot] = entry;
    }
  }
}

function wordAt(bytes: string, at: number): number {
  const byte = (n: number) => bytes.charCodeAt(at + n) << (8 * n);
  return byte(0) | byte(1) | byte(2) | byte(3);
}
