import { type ChecksumAlgorithm, checksumAlgorithms } from "../bundle/hash.ts";
import type { ListedFile } from "../bundle/manifest-file.ts";
import { escapeName } from "../bundle/names.ts";
import { type SortedEntries, sortEntries } from "../bundle/sort-entries.ts";
import { manifestLine } from "../bundle/write-manifest.ts";
import { NotPackable } from "../errors/package.ts";
import { DestinationOccupied } from "../errors/staging.ts";
import { type ListOptions, walkDirectory } from "./list-package.ts";

/** What a tree is to be compared with: files in any order, as many as there are. */
export interface Expectation {
  add(file: ListedFile): Promise<void>;
  /**
   * Reads a tree and compares it with the files that were added: the same paths, sizes and checksums, and nothing else.
   *
   * @returns the tree's bytes
   * @throws DestinationOccupied with the first difference
   */
  compare(directory: string, options: Omit<ListOptions, "algorithms">): Promise<number>;
  close(): Promise<void>;
}

/** Both sides are sorted by path and gone through side by side, so that memory does not grow with their files. */
export function expectTree(): Expectation {
  const expected = sortEntries();
  const algorithms = new Set<ChecksumAlgorithm>();
  return {
    async add(file) {
      for (const { algorithm } of file.checksums) algorithms.add(algorithm as ChecksumAlgorithm);
      await expected.add(file.path, manifestLine(file));
    },

    async compare(directory, options) {
      const used = checksumAlgorithms.filter((algorithm) => algorithms.has(algorithm));
      const found = sortEntries();
      try {
        const bytes = await walkDirectory(directory, { ...options, algorithms: used }, found);
        const difference = await firstDifference(expected, found);
        if (difference !== undefined) throw new DestinationOccupied(directory, difference);
        return bytes;
      } catch (error) {
        if (!(error instanceof NotPackable)) throw error;
        throw new DestinationOccupied(directory, `${error.facts.path}: ${error.facts.why}`);
      } finally {
        await found.close();
      }
    },

    close: () => expected.close(),
  };
}

async function firstDifference(expected: SortedEntries, found: SortedEntries): Promise<string | undefined> {
  const there = found.sorted()[Symbol.asyncIterator]();
  for await (const line of expected.sorted()) {
    const wanted = JSON.parse(line) as Line;
    const next = await there.next();
    const path = escapeName(wanted.path);
    if (next.done) return `it lacks ${path}`;
    const own = JSON.parse(next.value) as Line;
    if (own.path !== wanted.path) {
      const extra = Buffer.compare(Buffer.from(own.path), Buffer.from(wanted.path)) < 0;
      return extra ? `it has ${escapeName(own.path)}, too` : `it lacks ${path}`;
    }
    if (own.size !== wanted.size) return `${path} has ${own.size} bytes there, not ${wanted.size}`;
    for (const algorithm of checksumAlgorithms) {
      if (wanted[algorithm] !== undefined && own[algorithm] !== wanted[algorithm]) {
        return `${path} has ${algorithm} ${own[algorithm]} there, not ${wanted[algorithm]}`;
      }
    }
  }
  const more = await there.next();
  return more.done ? undefined : `it has ${escapeName((JSON.parse(more.value) as Line).path)}, too`;
}

type Line = { path: string; size: number } & Partial<Record<ChecksumAlgorithm, string>>;
