import { join } from "node:path";
import type { Figure } from "./figure.ts";
import { type Afterwards, contest } from "./mover/contest.ts";
import {
  algorithms,
  curlAndTar,
  operatorsScriptFor,
  ours,
  overHttp,
  overTls,
  type Source,
} from "./mover/contestants.ts";
import { costsOf, peakOf, processorPerGibibyte, processorRatio, rateOf, speedRatio } from "./mover/ratios.ts";
import {
  largeFiles,
  makeSet,
  manyPackages,
  middleFiles,
  type SampleSet,
  type SetShape,
  smallFiles,
} from "./mover/sample-set.ts";
import type { Cost } from "./mover/timed-run.ts";
import type { Tools } from "./mover/tools.ts";
import { startWebServer } from "./mover/web-server.ts";

/** Of the speed of `curl | tar x`, which checks nothing. */
const promises = { xxh64: { atLeast: 0.95 }, sha256: { atLeast: 0.8 } } as const;
const ambition = { atLeast: 1.3 } as const;

/** The script takes several times as long as the others, and nothing is promised of it. */
const roundsOfScript = 3;

/** `package fetch` beside `curl | tar x`, and beside the script that an operator would write, from nginx on this machine. */
export async function measureSpeed(tools: Tools): Promise<Figure[]> {
  return await measureOverNginx(tools, "speed", [
    { shape: largeFiles },
    { shape: middleFiles },
    { shape: smallFiles },
    { shape: smallFiles, afterwards: "removed" },
    { shape: manyPackages },
  ]);
}

/** The same over TLS. */
export async function measureTls(tools: Tools): Promise<Figure[]> {
  return await measureOverNginx(tools, "tls", [{ shape: largeFiles }, { shape: smallFiles }]);
}

interface Course {
  shape: SetShape;
  afterwards?: Afterwards;
}

async function measureOverNginx(tools: Tools, measurement: string, courses: readonly Course[]): Promise<Figure[]> {
  const folder = join(tools.directory, "served");
  const server = await startWebServer(tools, folder);
  const source = measurement === "tls" ? overTls(server) : overHttp(server.endpoint);
  const figures: Figure[] = [];
  const costs: Cost[] = [];
  for (const { shape, afterwards } of courses) {
    tools.say(`${measurement}: making ${shape.packages} x ${shape.files} files`);
    const set = await makeSet(folder, shape, tools.scale);
    // A disk on which so many files were just removed is slow for all; the script would take minutes.
    const scripts = measurement === "speed" && afterwards !== "removed" ? roundsOfScript : 0;
    const measured = await measureSet(tools, { measurement, set, source, roundsOfScript: scripts, afterwards });
    figures.push(...measured.figures);
    costs.push(...measured.costs);
    await set.remove();
  }
  await server.stop();
  return [...figures, peakOf(measurement, "peak RSS of any run", costs)];
}

export interface Comparison {
  measurement: string;
  set: SampleSet;
  source: Source;
  /** In how many rounds the script takes part. */
  roundsOfScript: number;
  afterwards?: Afterwards | undefined;
}

/** Compares all ways of moving one set. */
export async function measureSet(
  tools: Tools,
  { measurement, set, source, roundsOfScript, afterwards = "emptied" }: Comparison,
): Promise<{ figures: Figure[]; costs: Cost[] }> {
  const plain = curlAndTar(source);
  const all = algorithms.map((algorithm) => ({
    algorithm,
    mine: ours(tools, source, algorithm),
    script: operatorsScriptFor(source, algorithm, roundsOfScript),
  }));
  const scripts = roundsOfScript > 0 ? all.map(({ script }) => script) : [];
  const results = await contest(
    tools,
    measurement,
    set,
    [plain, ...all.map(({ mine }) => mine), ...scripts],
    afterwards,
  );

  const where = afterwards === "removed" ? `${set.what}, where as many were just removed` : set.what;
  const about = (what: string) => ({ measurement, what: `${where}: ${what}` });
  const figures: Figure[] = [rateOf(results, plain, set, about("curl | tar x; sync"))];
  for (const { algorithm, mine, script } of all) {
    const promised = promises[algorithm];
    figures.push(
      rateOf(results, mine, set, about(`ours with ${algorithm}`)),
      speedRatio(results, mine, plain, { ...about(`ours with ${algorithm} / (curl | tar x)`), promised, ambition }),
    );
    if (scripts.length > 0)
      figures.push(speedRatio(results, mine, script, about(`ours with ${algorithm} / the script`)));
  }
  const { mine } = all[0]!;
  // Small packages pay for the start of a program; what is promised is the cost of bytes.
  const promised = set.packages === 1 && set.files <= 10 ? { atMost: 1.3 } : undefined;
  figures.push(
    processorPerGibibyte(results, plain, set, about("processor time of curl | tar x")),
    processorPerGibibyte(results, mine, set, about("processor time of ours with xxh64")),
    processorRatio(results, mine, plain, {
      ...about("processor time of ours with xxh64 / (curl | tar x)"),
      ...(promised && { promised }),
    }),
  );
  return { figures, costs: all.flatMap(({ mine }) => costsOf(results, mine)) };
}
