import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What the latest run of `make chaos` that was kept has measured. */
export interface Measured {
  /** On which day, and on what machine. */
  when: string;
  /** Seconds until all was staged, by the title of the test. */
  seconds: Readonly<Record<string, number>>;
}

const file = fileURLToPath(new URL("./measured.json", import.meta.url));

export function readMeasured(): Measured {
  return JSON.parse(readFileSync(file, "utf8")) as Measured;
}

export function writeMeasured(measured: Measured): void {
  writeFileSync(file, `${JSON.stringify(measured, undefined, 2)}\n`);
}
