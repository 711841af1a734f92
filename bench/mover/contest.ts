import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { removeTree } from "../../packages/data-transfer/src/bundle/remove-tree.ts";
import type { Contestant } from "./contestants.ts";
import type { SampleSet } from "./sample-set.ts";
import { type Cost, commandLine, timedRun } from "./timed-run.ts";
import type { Tools } from "./tools.ts";

const run = promisify(execFile);

/** What each contestant has cost, by round; undefined where it did not take part. */
export type Results = ReadonlyMap<Contestant, readonly (Cost | undefined)[]>;

/**
 * Lets contestants move the packages of a set in turns, those of a set at once, so that what else the machine does hits all
 * alike. The order changes from round to round. A `sync` of the destination's file system is part of every time;
 * before each, the destination is removed and synced outside of it.
 */
export async function contest(
  { directory, rounds, say }: Tools,
  title: string,
  set: SampleSet,
  contestants: readonly Contestant[],
): Promise<Results> {
  const results = new Map<Contestant, (Cost | undefined)[]>(contestants.map((one) => [one, []]));
  for (let round = 0; round < rounds; round++) {
    for (const one of inOrder(contestants, round)) {
      const takesPart = round < (one.rounds ?? rounds);
      const cost = takesPart ? await moveOnce(directory, set, one) : undefined;
      results.get(one)!.push(cost);
    }
    const shown = contestants.flatMap((one) => {
      const cost = results.get(one)![round];
      return cost ? [`${one.name} ${cost.seconds.toFixed(2)} s`] : [];
    });
    say(`${title}: ${set.what}, round ${round + 1} of ${rounds}: ${shown.join(", ")}`);
  }
  return results;
}

/** One turn of one contestant. `before` is put in front of its command. */
export async function moveOnce(
  directory: string,
  set: SampleSet,
  { command, env }: Contestant,
  before: readonly string[] = [],
): Promise<Cost> {
  const folder = join(directory, "moved");
  await mkdir(folder);
  await run("sync", ["--file-system", directory]);
  const wrap = before.length === 0 ? "" : `${commandLine(before)} `;
  const begun = set.all.map((sample) => `${wrap}${command(sample, join(folder, sample.name))} & begun+=($!)`);
  const script = [
    "begun=()",
    ...begun,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash that reads it
    'for one in "${begun[@]}"; do wait "$one"; done',
    commandLine(["sync", "--file-system", folder]),
  ];
  try {
    const cost = await timedRun(script.join("\n"), env);
    for (const { name, files } of set.all) await expectFiles(join(folder, name), files);
    return cost;
  } finally {
    await removeTree(folder);
  }
}

/** Nobody wins by doing nothing. */
async function expectFiles(directory: string, files: number): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => entry.isFile()).length;
  if (found !== files) throw new Error(`${directory} has ${found} files, not ${files}`);
}

/** Each is first, and each is behind each other, about equally often. */
function inOrder<One>(all: readonly One[], round: number): One[] {
  const turned = [...all.slice(round % all.length), ...all.slice(0, round % all.length)];
  return round % 2 === 0 ? turned : turned.reverse();
}
