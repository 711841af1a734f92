/**
 * Measures what is promised about memory, speed and latency, on real servers and with real processes.
 *
 *     node bench/run.ts [--check] [--only memory,idle] [--output table|json] [--directory /big/and/fast]
 *
 * Figures go to standard output, what is going on to standard error. With --check the exit code is 1 when a figure
 * misses its promise. 20 GB must be free in the directory (default /var/tmp); nothing stays behind.
 */
import { parseArgs } from "node:util";
import { renderTable } from "../packages/data-transfer/src/cli/output/table.ts";
import { type Figure, measuredOf, promiseOf, verdict } from "./figure.ts";
import { describeMachine, machineSentence } from "./machine.ts";
import { measureHealth } from "./measure-health.ts";
import { measureIdle } from "./measure-idle.ts";
import { measureMemory } from "./measure-memory.ts";
import { measurePickUp } from "./measure-pick-up.ts";
import { measureRecording } from "./measure-recording.ts";
import { measureSpeed } from "./measure-speed.ts";
import { type Rig, startRig } from "./rig.ts";
import { programScope } from "./scope.ts";

const measurements: Readonly<Record<string, (rig: Rig, say: (line: string) => void) => Promise<Figure[]>>> = {
  idle: measureIdle,
  "pick-up": measurePickUp,
  health: measureHealth,
  memory: measureMemory,
  speed: measureSpeed,
  // Last: it leaves millions of rows, which PostgreSQL goes on to tidy.
  recording: measureRecording,
};

const { check, only, output, directory } = parseArgs({
  options: {
    check: { type: "boolean", default: false },
    only: { type: "string", default: Object.keys(measurements).join(",") },
    output: { type: "string", default: "table" },
    directory: { type: "string", default: "/var/tmp" },
  },
}).values;

const wanted = only.split(",");
const unknown = wanted.filter((name) => !Object.hasOwn(measurements, name));
if (unknown.length > 0)
  stop(`${unknown.join(", ")}: no such measurement; there are ${Object.keys(measurements).join(", ")}`);
if (output !== "table" && output !== "json") stop(`--output is table or json, not ${output}`);

const machine = describeMachine(directory);
const scope = programScope();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void scope.close().finally(() => process.exit(130)));
}
const figures: Figure[] = [];
try {
  const rig = await startRig(scope, directory);
  for (const name of wanted) figures.push(...(await measurements[name]!(rig, say)));
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

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function stop(sentence: string): never {
  say(`error: ${sentence}`);
  process.exit(2);
}
