/**
 * Measures our Celery worker beside Python's on one Redis: tasks a second, round trips, memory.
 *
 *     node bench/celery/run.ts [--check] [--only throughput,round-trip] [--rounds 3] [--output table|json]
 *
 * The workers take turns, so that what else the machine does hits all of them; medians of the rounds are compared. With
 * --check the exit code is 1 when a ratio misses its promise.
 */
import { parseArgs } from "node:util";
import { renderTable } from "../../packages/data-transfer/src/cli/output/table.ts";
import { startRedis, type TestRedis } from "../../testing/redis.ts";
import { type Figure, measuredOf, median, promiseOf, verdict } from "../figure.ts";
import { describeMachine, machineSentence } from "../machine.ts";
import { programScope } from "../scope.ts";
import { measureBullmq } from "./bullmq.ts";
import { type Packed, packedAndInstalled } from "./packed.ts";
import { measureRoundTrips, type RoundTrips } from "./round-trip.ts";
import { ours, pythonPrefork } from "./stack.ts";
import { measureThroughput, type Throughput } from "./throughput.ts";

const tasks = 5_000;
const trips = 500;

const { check, only, rounds, output } = parseArgs({
  options: {
    check: { type: "boolean", default: false },
    only: { type: "string", default: "throughput,round-trip" },
    rounds: { type: "string", default: "3" },
    output: { type: "string", default: "table" },
  },
}).values;

const machine = describeMachine("/tmp");
const scope = programScope();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void scope.close().finally(() => process.exit(130)));
}
const figures: Figure[] = [];
try {
  const redis = await startRedis(scope);
  say("packing and installing what is measured");
  const packed = await packedAndInstalled(scope);
  if (only.includes("throughput")) figures.push(...(await throughputs(redis, packed)));
  if (only.includes("round-trip")) figures.push(...(await roundTrips(redis, packed)));
} finally {
  await scope.close();
}

if (output === "json") {
  const shown = figures.map((figure) => ({ ...figure, verdict: verdict(figure) }));
  process.stdout.write(`${JSON.stringify({ machine, figures: shown }, undefined, 2)}\n`);
} else {
  const columns = [
    { heading: "MEASUREMENT", cell: ({ measurement }: Figure) => measurement },
    { heading: "FIGURE", cell: ({ what }: Figure) => what },
    { heading: "PROMISED", cell: promiseOf, align: "right" },
    { heading: "MEASURED", cell: measuredOf, align: "right" },
    { heading: "VERDICT", cell: verdict },
  ] as const;
  process.stdout.write(`${renderTable(figures, columns)}\n\n${machineSentence(machine)}\n`);
}

const missed = figures.filter((figure) => verdict(figure) === "missed");
for (const figure of missed) {
  say(`missed: ${figure.measurement}, ${figure.what}: ${measuredOf(figure)}, promised ${promiseOf(figure)}`);
}
if (check && missed.length > 0) process.exitCode = 1;

async function throughputs(redis: TestRedis, packed: Packed): Promise<Figure[]> {
  const [python, inline, children] = [pythonPrefork, ours("inline", packed), ours("process", packed)];
  const results: Record<"python" | "inline" | "children" | "bullmq", Throughput[]> = {
    python: [],
    inline: [],
    children: [],
    bullmq: [],
  };
  for (let round = 1; round <= Number(rounds); round++) {
    say(`throughput: ${tasks} tasks that do nothing, round ${round} of ${rounds}`);
    results.python.push(await measureThroughput(redis, python, tasks));
    results.inline.push(await measureThroughput(redis, inline, tasks));
    results.children.push(await measureThroughput(redis, children, tasks));
    results.bullmq.push(await measureBullmq(redis, tasks));
  }
  const rate = (of: Throughput[]) => median(of.map(({ tasksPerSecond }) => tasksPerSecond));
  const memory = (of: Throughput[]) => median(of.map(({ memory }) => memory)) / 2 ** 20;
  const speed = { measurement: "throughput", unit: "/s", promised: undefined };
  const size = { measurement: "memory", unit: "MiB", promised: undefined };
  return [
    { ...speed, what: python.name, value: rate(results.python) },
    { ...speed, what: inline.name, value: rate(results.inline) },
    { ...speed, what: children.name, value: rate(results.children) },
    { ...speed, what: "BullMQ, 4 at once (no results, no events)", value: rate(results.bullmq) },
    {
      ...speed,
      what: "inline / Python",
      unit: "x",
      value: rate(results.inline) / rate(results.python),
      promised: { atLeast: 5 },
    },
    {
      ...speed,
      what: "processes / Python",
      unit: "x",
      value: rate(results.children) / rate(results.python),
      promised: { atLeast: 2 },
    },
    { ...size, what: python.name, value: memory(results.python) },
    { ...size, what: inline.name, value: memory(results.inline), promised: { below: 100 } },
    { ...size, what: children.name, value: memory(results.children) },
    { ...size, what: "BullMQ", value: memory(results.bullmq) },
  ];
}

async function roundTrips(redis: TestRedis, packed: Packed): Promise<Figure[]> {
  const [python, inline] = [pythonPrefork, ours("inline", packed)];
  const results: Record<"python" | "inline", RoundTrips[]> = { python: [], inline: [] };
  for (let round = 1; round <= Number(rounds); round++) {
    say(`round trip: ${trips} tasks one after the other, round ${round} of ${rounds}`);
    results.python.push(await measureRoundTrips(redis, python, trips));
    results.inline.push(await measureRoundTrips(redis, inline, trips));
  }
  const time = (of: RoundTrips[], who: keyof RoundTrips) => median(of.map((trip) => trip[who]));
  const figure = { measurement: "round trip", unit: "ms", promised: undefined };
  const [oldWay, newWay] = [time(results.python, "python"), time(results.inline, "ours")];
  return [
    { ...figure, what: "Python client, Python worker", value: oldWay },
    { ...figure, what: "Python client, our worker", value: time(results.inline, "python") },
    { ...figure, what: "our client, Python worker", value: time(results.python, "ours") },
    { ...figure, what: "our client, our worker", value: newWay },
    { ...figure, what: "ours / Python", unit: "x", value: newWay / oldWay, promised: { atMost: 0.5 } },
  ];
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
