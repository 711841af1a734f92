/**
 * Measures what is promised about memory, speed and latency, on real servers and with real processes.
 *
 *     node bench/run.ts [--check] [--only memory,idle] [--output table|json] [--directory /big/and/fast]
 *                       [--rounds 7] [--scale 0.1] [--program other/checkout/bin/ccat_data_transfer.js]
 *
 * Figures go to standard output, what is going on to standard error. With --check the exit code is 1 when a figure
 * misses its promise, or could not be measured. 20 GB must be free in the directory (default /var/tmp); nothing stays
 * behind. Rounds are how often contestants take turns; a scale below 1 makes smaller packages, for a quick look whose figures
 * mean little. Another program is measured in the place of this checkout's with --program.
 */
import { mkdir, mkdtemp, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { removeTree } from "../packages/data-transfer/src/bundle/remove-tree.ts";
import { renderTable } from "../packages/data-transfer/src/cli/output/table.ts";
import { ambitionOf, type Figure, measuredOf, promiseOf, spreadOf, verdict } from "./figure.ts";
import { describeMachine, machineSentence } from "./machine.ts";
import { measureCeph } from "./measure-ceph.ts";
import { measureFsync } from "./measure-fsync.ts";
import { measureHealth } from "./measure-health.ts";
import { measureIdle } from "./measure-idle.ts";
import { measureMemory } from "./measure-memory.ts";
import { measurePickUp } from "./measure-pick-up.ts";
import { measureRate } from "./measure-rate.ts";
import { measureRecording } from "./measure-recording.ts";
import { measureResume } from "./measure-resume.ts";
import { measureSpeed, measureTls } from "./measure-speed.ts";
import { measureWan } from "./measure-wan.ts";
import type { Tools } from "./mover/tools.ts";
import { type Rig, startRig } from "./rig.ts";
import { programScope } from "./scope.ts";

const measurements: Readonly<Record<string, (tools: Tools) => Promise<Figure[]>>> = {
  speed: measureSpeed,
  tls: measureTls,
  ceph: measureCeph,
  wan: measureWan,
  fsync: measureFsync,
  resume: measureResume,
  rate: measureRate,
  memory: measureMemory,
  idle: async (tools) => measureIdle(await tools.rig(), tools.say),
  "pick-up": async (tools) => measurePickUp(await tools.rig(), tools.say),
  health: async (tools) => measureHealth(await tools.rig(), tools.say),
  // Last: it leaves millions of rows, which PostgreSQL goes on to tidy.
  recording: async (tools) => measureRecording(await tools.rig(), tools.say),
};

const { check, only, output, directory, rounds, scale, program } = parseArgs({
  options: {
    check: { type: "boolean", default: false },
    only: { type: "string", default: Object.keys(measurements).join(",") },
    output: { type: "string", default: "table" },
    directory: { type: "string", default: "/var/tmp" },
    rounds: { type: "string", default: "7" },
    scale: { type: "string", default: "1" },
    program: {
      type: "string",
      default: fileURLToPath(new URL("../packages/data-transfer/bin/ccat_data_transfer.js", import.meta.url)),
    },
  },
}).values;

const wanted = only.split(",");
const unknown = wanted.filter((name) => !Object.hasOwn(measurements, name));
if (unknown.length > 0)
  stop(`${unknown.join(", ")}: no such measurement; there are ${Object.keys(measurements).join(", ")}`);
if (output !== "table" && output !== "json") stop(`--output is table or json, not ${output}`);

const common = { rounds: Number(rounds), scale: Number(scale), program: resolve(program), say };
const machine = describeMachine(directory);
const scope = programScope();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void scope.close().finally(() => process.exit(130)));
}
const figures: Figure[] = [];
const failed: string[] = [];
try {
  const folder = await mkdtemp(join(await realpath(directory), "ccat-bench-"));
  scope.after(() => removeTree(folder));
  await mkdir(join(folder, "attic"));
  const rig = rigFor(folder);
  for (const name of wanted) {
    const began = performance.now();
    try {
      figures.push(...(await measure(name, folder, rig)));
    } catch (error) {
      failed.push(name);
      say(`${name}: ${(error as Error).message}`);
    }
    say(`${name}: took ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
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
    { heading: "ROUNDS", cell: spreadOf, align: "right" },
    { heading: "VERDICT", cell: verdict },
    { heading: "AMBITION", cell: ambitionOf },
  ] as const;
  process.stdout.write(`${renderTable(figures, columns)}\n\n${machineSentence(machine)}\n`);
}

const missed = figures.filter((figure) => verdict(figure) === "missed");
for (const figure of missed) {
  say(`missed: ${figure.measurement}, ${figure.what}: ${measuredOf(figure)}, promised ${promiseOf(figure)}`);
}
if (failed.length > 0) say(`could not be measured: ${failed.join(", ")}`);
if (failed.length > 0 || (check && missed.length > 0)) process.exitCode = 1;

/** In a folder of its own, with servers that end with it. */
async function measure(name: string, parent: string, rig: () => Promise<Rig>): Promise<Figure[]> {
  const own = programScope();
  scope.after(() => own.close());
  const directory = join(parent, name);
  await mkdir(directory);
  own.after(() => removeTree(directory));
  try {
    return await measurements[name]!({ ...common, scope: own, directory, attic: join(parent, "attic"), rig });
  } finally {
    await own.close();
  }
}

/** Redis and PostgreSQL serve all measurements that ask for them. */
function rigFor(parent: string): () => Promise<Rig> {
  let started: Promise<Rig> | undefined;
  return () => {
    started ??= startRig({ scope, directory: join(parent, "rig"), program: common.program });
    return started;
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function stop(sentence: string): never {
  say(`error: ${sentence}`);
  process.exit(2);
}
