import { join } from "node:path";
import { type Figure, median } from "./figure.ts";
import { contest } from "./mover/contest.ts";
import { curlAndTar, ours, overHttp } from "./mover/contestants.ts";
import { costsOf, peakOf, rateOf } from "./mover/ratios.ts";
import { largeFiles, makeSet, type SampleSet } from "./mover/sample-set.ts";
import { startLink } from "./mover/start-link.ts";
import { commandLine, timedRun } from "./mover/timed-run.ts";
import type { Tools } from "./mover/tools.ts";
import { startWebServer } from "./mover/web-server.ts";

const connections = 4;
/** Of each connection, in bytes a second. */
const rate = 60e6;
/** Of one direction, in ms: 20 ms there and back. */
const delay = 10;
const mostRounds = 3;

/**
 * `package fetch` over a line with 20 ms there and back and 60 MB/s a connection. What counts is the whole time of the
 * command and a `sync`, its start included, as share of what its connections could carry.
 */
export async function measureWan(tools: Tools): Promise<Figure[]> {
  const folder = join(tools.directory, "served");
  const server = await startWebServer(tools, folder);
  const set = await makeSet(folder, largeFiles, tools.scale);
  const { endpoint } = await startLink(tools.scope, server.port, { delay, rate });
  const carried = (await rateOfLine(endpoint, set)) / (connections * rate);
  const source = overHttp(endpoint);
  const plain = { ...curlAndTar(source), rounds: 1 };
  const mine = ours(tools, source, "xxh64", ["--concurrency", String(connections)]);
  const rounds = Math.min(tools.rounds, mostRounds);
  const results = await contest({ ...tools, rounds }, "wan", set, [plain, mine]);
  await set.remove();
  await server.stop();
  const about = (what: string) => ({ measurement: "wan", what: `${set.what}: ${what}` });
  const shares = costsOf(results, mine).map(({ seconds }) => set.total / seconds / (connections * rate));
  return [
    rateOf(results, plain, set, about("curl | tar x, one connection")),
    rateOf(results, mine, set, about(`ours over ${connections} connections`)),
    {
      ...about(`ours / (${connections} x 60 MB/s)`),
      ...{ value: median(shares), spread: { least: Math.min(...shares), most: Math.max(...shares) } },
      ...{ unit: "x", promised: { atLeast: 0.9 } },
    },
    { ...about("what the line carried to nobody in particular"), value: carried, unit: "x", promised: undefined },
    peakOf("wan", "peak RSS of any run", costsOf(results, mine)),
  ];
}

/** Several clients that read a part each and throw it away, in bytes a second: the line itself must not be what is measured. */
async function rateOfLine(endpoint: string, { all: [sample] }: SampleSet): Promise<number> {
  const { key, size } = sample!;
  const part = Math.ceil(size / connections);
  const readers = Array.from({ length: connections }, (_, number) => {
    const range = `${number * part}-${Math.min((number + 1) * part, size) - 1}`;
    return commandLine(["curl", "--silent", "--fail", "--output", "/dev/null", "--range", range, `${endpoint}/${key}`]);
  });
  const { seconds } = await timedRun(`${readers.join(" & ")} & wait`);
  return size / seconds;
}
