import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { removeTree } from "../../packages/data-transfer/src/bundle/remove-tree.ts";
import type { Contestant } from "./contestants.ts";
import type { SampleSet } from "./sample-set.ts";
import { type Cost, commandLine, timedRun } from "./timed-run.ts";
import type { Tools } from "./tools.ts";

const run = promisify(execFile);

/**
 * What becomes of a destination after its turn. ext4 does not use an inode again for minutes after its file was removed, and
 * looks at all of those before it takes another: after twenty thousand files were removed, making as many takes
 * everybody several times as long. So they are removed when the bench ends, unless that is what is to be measured.
 */
export type Afterwards = "emptied" | "removed";

/** What each contestant has cost, by round; undefined where it did not take part. */
export type Results = ReadonlyMap<Contestant, readonly (Cost | undefined)[]>;

/**
 * Lets contestants move the packages of a set in turns, those of a set at once, so that what else the machine does hits all
 * alike. The order changes from round to round. A `sync` of the destination's file system is part of every time;
 * before each, the earlier destination is {@link Afterwards}, and synced, outside of it.
 */
export async function contest(
  tools: Tools,
  title: string,
  set: SampleSet,
  contestants: readonly Contestant[],
  afterwards: Afterwards = "emptied",
): Promise<Results> {
  const { rounds, say } = tools;
  const results = new Map<Contestant, (Cost | undefined)[]>(contestants.map((one) => [one, []]));
  for (let round = 0; round < rounds; round++) {
    for (const one of inOrder(contestants, round)) {
      const takesPart = round < (one.rounds ?? rounds);
      const cost = takesPart ? await moveOnce(tools, set, one, { afterwards }) : undefined;
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
  { directory, attic }: Pick<Tools, "directory" | "attic">,
  set: SampleSet,
  { command, env }: Contestant,
  { before = [], afterwards = "emptied" }: { before?: readonly string[]; afterwards?: Afterwards } = {},
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
    if (afterwards === "removed") await removeTree(folder);
    else await setAside(folder, attic);
  }
}

/** Takes the room of its files back and leaves the files, empty. */
async function setAside(folder: string, attic: string): Promise<void> {
  await run("find", [folder, "-type", "f", "-exec", "truncate", "--size=0", "{}", "+"]);
  await rename(folder, await mkdtemp(join(attic, "moved-")));
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
