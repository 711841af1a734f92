import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { removeTree } from "../../../src/bundle/remove-tree.ts";
import { DataTransferError } from "../../../src/errors/data-transfer-error.ts";
import { unpackTar } from "../unpack-tar.ts";
import { type FuzzCase, fuzzCases } from "./cases.ts";
import { extractAll, treeBelow } from "./gnu-batch.ts";
import { printTree, type Reading, readTree, sameReading, sameTree, type Tree } from "./read-tree.ts";

export interface CampaignOptions {
  /** A directory for what GNU tar unpacks. */
  world: string;
  seed: number;
  /** As long as this, and until so many cases were tried. */
  milliseconds: number;
  leastCases: number;
  /** Told before each case: for whoever watches that it goes on. */
  onCase: (where: string) => void;
}

export interface CampaignCounts {
  cases: number;
  /** Read by us; GNU tar has made the same of each. */
  accepted: number;
  /** Of those: not as GNU tar had made it in the first place. */
  strange: number;
  refused: number;
  byCode: Record<string, number>;
  /** Of all: through the whole of unpacking, too, onto a disk. */
  unpacked: number;
}

/** Failing inputs, made as small as they go; each is tried again by every run. */
export const foundFolder = join(import.meta.dirname, "../found");

const batchSize = 400;

/** Unpacking syncs, and takes longer by far than reading. */
const unpackedOneOf = 10;

/**
 * Tries tars until the time is over: each gives a coded refusal, or the tree that GNU tar makes of it, and the same however
 * it is cut into pieces.
 *
 * @throws with the smallest input that does not, which is then in {@link foundFolder}
 */
export async function campaign(options: CampaignOptions): Promise<CampaignCounts> {
  const { world, seed, milliseconds, leastCases } = options;
  const cases = await fuzzCases(world);
  const counts: CampaignCounts = { cases: 0, accepted: 0, strange: 0, refused: 0, byCode: {}, unpacked: 0 };
  const until = performance.now() + milliseconds;
  for (let batch = 0; performance.now() < until || counts.cases < leastCases; batch++) {
    const tried = fc.sample(cases, { seed: seed + batch, numRuns: batchSize });
    const failing = await tryBatch(tried, counts, { ...options, seed: seed + batch });
    if (failing !== undefined) throw await shrunk(world, cases, seed + batch, failing);
  }
  return counts;
}

/** @returns the first case that fails, by its place in the batch */
async function tryBatch(
  cases: FuzzCase[],
  counts: CampaignCounts,
  { world, seed, onCase }: Pick<CampaignOptions, "world" | "seed" | "onCase">,
): Promise<number | undefined> {
  const accepted: { place: number; bytes: Buffer; tree: Tree }[] = [];
  for (const [place, { bytes, pieces, from }] of cases.entries()) {
    onCase(`seed ${seed}, case ${place}`);
    const reading = await readOrFail(bytes, pieces);
    if (typeof reading === "string") return place;
    counts.cases += 1;
    if (reading.refusal !== undefined) {
      counts.refused += 1;
      const { code } = reading.refusal;
      counts.byCode[code] = (counts.byCode[code] ?? 0) + 1;
    } else {
      counts.accepted += 1;
      if (from !== "gnu") counts.strange += 1;
      accepted.push({ place, bytes, tree: reading.tree as Tree });
    }
    if (place % unpackedOneOf === 0) {
      counts.unpacked += 1;
      if ((await unpackOrFail(world, bytes, pieces, reading)) !== undefined) return place;
    }
  }
  const theirs = await extractAll(
    world,
    accepted.map(({ bytes }) => bytes),
  );
  const different = accepted.find(({ tree }, n) => {
    const { content, tree: there } = theirs[n] as (typeof theirs)[0];
    return !content || !sameTree(tree, there);
  });
  return different?.place;
}

/** What is wrong with how a tar is read; undefined where nothing is. */
export async function whatIsWrong(
  world: string,
  { bytes, pieces }: Omit<FuzzCase, "from">,
): Promise<string | undefined> {
  const reading = await readOrFail(bytes, pieces);
  if (typeof reading === "string") return reading;
  const unpacked = await unpackOrFail(world, bytes, pieces, reading);
  if (unpacked !== undefined || reading.tree === undefined) return unpacked;
  const [theirs] = await extractAll(world, [bytes]);
  if (theirs === undefined || !theirs.content) return `we take what GNU tar refuses: ${theirs?.says}`;
  if (sameTree(reading.tree, theirs.tree)) return undefined;
  return `we find\n${printTree(reading.tree)}\nand GNU tar\n${printTree(theirs.tree)}`;
}

/** Reads it whole and in pieces. @returns a sentence where that is not the same, or ends in no coded refusal */
async function readOrFail(bytes: Buffer, pieces: number[]): Promise<Reading | string> {
  try {
    const whole = await readTree(bytes);
    const inPieces = await readTree(bytes, pieces);
    if (sameReading(whole, inPieces)) return whole;
    return `whole it is ${told(whole)}, in pieces of ${pieces} ${told(inPieces)}`;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** Unpacks it onto a disk, with a catalogue that agrees with it. @returns a sentence where that ends otherwise than the reading */
async function unpackOrFail(
  world: string,
  bytes: Buffer,
  pieces: number[],
  { tree }: Reading,
): Promise<string | undefined> {
  const into = await mkdtemp(join(world, "unpacked-"));
  try {
    let error: unknown;
    let unpacked = into;
    try {
      unpacked = await unpackTar(bytes, Math.max(64, ...pieces), into);
    } catch (thrown) {
      error = thrown;
    }
    if (error !== undefined && !(error instanceof DataTransferError)) return `unpacking ends with ${String(error)}`;
    // Without a waiver there are no links.
    const links = Array.from(tree?.values() ?? []).some((what) => typeof what === "string" && what !== "directory");
    if ((error === undefined) !== (tree !== undefined && !links))
      return `unpacking ends with ${error?.message ?? "success"}`;
    if (error === undefined && !sameTree(tree as Tree, treeBelow(unpacked)))
      return "another tree is unpacked than is read";
    return undefined;
  } finally {
    await removeTree(into);
  }
}

function told({ tree, refusal }: Reading): string {
  return refusal === undefined ? `\n${printTree(tree as Tree)}\n` : `${refusal.code} ${refusal.facts}`;
}

/** Has fast-check make the input smaller, saves it, and says what is wrong with it. */
async function shrunk(world: string, cases: fc.Arbitrary<FuzzCase>, seed: number, place: number): Promise<Error> {
  const property = fc.asyncProperty(cases, async (tried) => {
    const wrong = await whatIsWrong(world, tried);
    if (wrong !== undefined) throw new Error(wrong);
  });
  const { counterexample, errorInstance } = await fc.check(property, { seed, path: `${place}`, numRuns: 1 });
  if (counterexample === null) return new Error(`case ${place} of seed ${seed} failed, and does not a second time`);
  const [{ bytes, pieces }] = counterexample;
  mkdirSync(foundFolder, { recursive: true });
  const name = `${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}.base64`;
  const lines = bytes.toString("base64").replace(/.{1,120}/g, "$&\n");
  writeFileSync(join(foundFolder, name), `pieces ${pieces.join(" ")}\n${lines}`);
  const cause = errorInstance as Error;
  return new Error(`saved as found/${name} (seed ${seed}, case ${place}): ${cause.message}`, { cause });
}
