import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Rule } from "./rules.ts";
import type { Schedule } from "./schedule.ts";

/** A schedule that once broke a promise. */
export interface Trace {
  /** What happens in it, in a sentence. */
  story: string;
  broke: Rule;
  /** What was wrong then, as a mutation that brings it back. */
  mutation?: string;
  schedule: Schedule;
}

const folder = new URL("./traces/", import.meta.url);

/** All committed traces, by file name. */
export function readTraces(): [file: string, Trace][] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.sort().map((file) => [file, JSON.parse(readFileSync(new URL(file, folder), "utf8"))]);
}

/** A step a line, so that a trace can be read. */
export function writeTrace(file: string, { schedule, ...about }: Trace): void {
  const head = JSON.stringify(about, null, 2).slice(0, -2);
  const steps = schedule.steps.map((step) => `      ${JSON.stringify(step)}`).join(",\n");
  const setup = JSON.stringify(schedule.setup);
  const text = `${head},\n  "schedule": {\n    "setup": ${setup},\n    "steps": [\n${steps}\n    ]\n  }\n}\n`;
  writeFileSync(new URL(file, folder), text);
}
