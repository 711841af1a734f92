import { join } from "node:path";
import { requireProgram } from "../testing/require-server.ts";
import { type Figure, median } from "./figure.ts";
import { moveOnce } from "./mover/contest.ts";
import { ours, overHttp } from "./mover/contestants.ts";
import { largeFiles, makeSet, smallFiles } from "./mover/sample-set.ts";
import type { Tools } from "./mover/tools.ts";
import { startWebServer } from "./mover/web-server.ts";

/** Added to each call, in ms. */
const added = 2;
const mostRounds = 5;

/**
 * How much of the time goes into waiting for a disk whose fsync takes 2 ms longer. strace makes the program's own threads
 * wait; the same run, traced alike without the delay, is what it is compared with. What the delay adds to the time by the
 * clock, as share of the longer time, is what nothing else was done in.
 */
export async function measureFsync(tools: Tools): Promise<Figure[]> {
  const folder = join(tools.directory, "served");
  const server = await startWebServer(tools, folder);
  const mine = ours(tools, overHttp(server.endpoint), "xxh64");
  const strace = requireProgram("strace");
  const calls = "fsync,fdatasync,syncfs";
  const trace = [strace, "--follow-forks", "--seccomp-bpf", "--quiet=all", "--output=/dev/null", `--trace=${calls}`];
  const figures: Figure[] = [];
  for (const shape of [largeFiles, smallFiles]) {
    const set = await makeSet(folder, shape, tools.scale);
    const shares: number[] = [];
    const rounds = Math.min(tools.rounds, mostRounds);
    for (let round = 1; round <= rounds; round++) {
      const turns = { without: trace, slow: [...trace, `--inject=${calls}:delay_enter=${added * 1000}`] };
      const order = round % 2 === 0 ? (["slow", "without"] as const) : (["without", "slow"] as const);
      const seconds = { without: 0, slow: 0 };
      for (const turn of order) {
        seconds[turn] = (await moveOnce(tools, set, mine, { before: turns[turn] })).seconds;
      }
      const shown = `${seconds.without.toFixed(2)} s, with ${added} ms added to each fsync ${seconds.slow.toFixed(2)} s`;
      tools.say(`fsync: ${set.what}, round ${round} of ${rounds}: ${shown}`);
      shares.push((100 * (seconds.slow - seconds.without)) / seconds.slow);
    }
    figures.push({
      ...{ measurement: "fsync", what: `${set.what}: time spent waiting for ${added} ms more in each fsync` },
      ...{ value: median(shares), spread: { least: Math.min(...shares), most: Math.max(...shares) } },
      ...{ unit: "%", promised: { atMost: 20 } },
    });
    await set.remove();
  }
  await server.stop();
  return figures;
}
