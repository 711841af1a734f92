import { join } from "node:path";
import type { Figure } from "./figure.ts";
import { contest } from "./mover/contest.ts";
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
  return await measureOverNginx(tools, "speed", [largeFiles, middleFiles, smallFiles, manyPackages]);
}

/** The same over TLS. */
export async function measureTls(tools: Tools): Promise<Figure[]> {
  return await measureOverNginx(tools, "tls", [largeFiles, smallFiles]);
}

async function measureOverNginx(tools: Tools, measurement: string, shapes: readonly SetShape[]): Promise<Figure[]> {
  const folder = join(tools.directory, "served");
  const server = await startWebServer(tools, folder);
  const source = measurement === "tls" ? overTls(server) : overHttp(server.endpoint);
  const figures: Figure[] = [];
  const costs: Cost[] = [];
  for (const shape of shapes) {
    tools.say(`${measurement}: making ${shape.packages} x ${shape.files} files`);
    const set = await makeSet(folder, shape, tools.scale);
    const measured = await measureSet(tools, measurement, set, source, measurement === "tls" ? 0 : roundsOfScript);
    figures.push(...measured.figures);
    costs.push(...measured.costs);
    await set.remove();
  }
  await server.stop();
  return [...figures, peakOf(measurement, "peak RSS of any run", costs)];
}

/**
 * Compares all ways of moving one set.
 *
 * @param roundsOfScript in how many rounds the script takes part
 */
export async function measureSet(
  tools: Tools,
  measurement: string,
  set: SampleSet,
  source: Source,
  roundsOfScript: number,
): Promise<{ figures: Figure[]; costs: Cost[] }> {
  const plain = curlAndTar(source);
  const all = algorithms.map((algorithm) => ({
    algorithm,
    mine: ours(tools, source, algorithm),
    script: operatorsScriptFor(source, algorithm, roundsOfScript),
  }));
  const scripts = roundsOfScript > 0 ? all.map(({ script }) => script) : [];
  const results = await contest(tools, measurement, set, [plain, ...all.map(({ mine }) => mine), ...scripts]);

  const about = (what: string) => ({ measurement, what: `${set.what}: ${what}` });
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
  const promised =
    set.total / set.packages / set.files >= 100 * 2 ** 20 && set.packages === 1 ? { atMost: 1.3 } : undefined;
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
