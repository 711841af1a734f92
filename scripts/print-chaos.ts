/**
 * Prints the table of faults with the times that the tests have measured just now: `node scripts/print-chaos.ts FILE
 * [--keep]`, FILE being what they wrote where CHAOS_TIMES said. With --keep the times go into the document, too. Exit code 1
 * where a fault has no time: its test has failed.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeMachine } from "../bench/machine.ts";
import { renderTable } from "../packages/data-transfer/src/cli/output/table.ts";
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

say(
  renderTable(faults, [
    { heading: "FAULT", cell: ({ title }) => title },
    { heading: "WHAT HAPPENS", cell: ({ answer }) => answer },
    { heading: "LOST", cell: ({ title, lost }) => (title in seconds ? lost : "FAILED") },
    { heading: "AT MOST, AS SHIPPED", cell: ({ shipped }) => shipped },
    { heading: "TODAY", cell: ({ title }) => shown(seconds[title]), align: "right" },
    { heading: "AT MOST, IN THE TEST", cell: ({ within }) => `${within} s`, align: "right" },
    { heading: "TEST", cell: ({ file }) => file },
  ]),
);
say(`\nMeasured ${when}`);
for (const { title } of faults) if (!(title in seconds)) fail(`there is no time of "${title}"`);
if (values.keep && process.exitCode === undefined) {
  writeMeasured({ when, seconds });
  await import("./write-docs.ts");
}

function shown(time: number | undefined): string | undefined {
  return time === undefined ? undefined : `${time.toFixed(1)} s`;
}
