/**
 * Prints the table of faults with the times that the tests have measured just now: `node scripts/print-chaos.ts FILE
 * [--keep]`, FILE being what they wrote where CHAOS_TIMES said. With --keep the times go into the document, too. Exit code 1
 * where a fault has no time: its test has failed.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeMachine } from "../bench/machine.ts";
import { faults } from "../packages/data-transfer/test/e2e/chaos/faults.ts";
import { writeMeasured } from "../packages/data-transfer/test/e2e/chaos/measured.ts";
import type { Recovery } from "../packages/data-transfer/test/e2e/chaos/recovered.ts";
import { fail, root, say } from "./report.ts";

const { values, positionals } = parseArgs({
  options: { keep: { type: "boolean", default: false } },
  allowPositionals: true,
});
const lines = readFileSync(positionals[0]!, "utf8").split("\n").filter(Boolean);
const found = lines.map((line) => JSON.parse(line) as Recovery);
const seconds = Object.fromEntries(found.map((one) => [one.title, one.seconds]));
const { date, cores, processor, memoryGiB, kernel, node, load } = describeMachine(root);
const when = `${date}: ${cores} cores (${processor}), ${memoryGiB} GiB, Linux ${kernel}, Node ${node}, load ${load}`;

say(`${columns("TODAY", "AT MOST")}FAULT`);
for (const { title, answer, lost, within, shipped, file } of faults) {
  const isMeasured = title in seconds;
  say(`${columns(shown(seconds[title]), `${within} s`)}${title}`);
  for (const line of [answer, `lost: ${isMeasured ? lost : "FAILED"}; as shipped: ${shipped}; ${file}`]) {
    for (const part of folded(line, 100)) say(`${columns("", "")}  ${part}`);
  }
}
say(`\nMeasured ${when}`);
for (const { title } of faults) if (!(title in seconds)) fail(`there is no time of "${title}"`);
if (values.keep && process.exitCode === undefined) {
  writeMeasured({ when, seconds });
  await import("./write-docs.ts");
}

function shown(time: number | undefined): string {
  return time === undefined ? "-" : `${time.toFixed(1)} s`;
}

function columns(today: string, most: string): string {
  return `${today.padStart(7)}  ${most.padStart(7)}  `;
}

/** Cut between words, so that no part is longer than that. */
function folded(text: string, longest: number): string[] {
  const parts: string[] = [];
  for (const word of text.split(" ")) {
    const last = parts.at(-1);
    if (last !== undefined && last.length + word.length < longest) parts[parts.length - 1] = `${last} ${word}`;
    else parts.push(word);
  }
  return parts;
}
