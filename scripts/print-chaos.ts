/**
 * Prints what was measured by the tests of faults in the network: `node scripts/print-chaos.ts FILE`, FILE being what they
 * wrote where CHAOS_TIMES said. Exit code 1 where a fault of the list has no time: its test has failed.
 */
import { readFileSync } from "node:fs";
import { renderTable } from "../packages/data-transfer/src/cli/output/table.ts";
import { faults, titleOf } from "../packages/data-transfer/test/e2e/chaos/faults.ts";

const lines = readFileSync(process.argv[2]!, "utf8").trim().split("\n").filter(Boolean);
const measured = new Map(
  lines.map((line) => {
    const { title, seconds, attempt } = JSON.parse(line) as { title: string; seconds: number; attempt: number };
    return [title, { seconds, attempt }];
  }),
);
const rows = faults.map((story) => ({ story, found: measured.get(titleOf(story)) }));
process.stdout.write(
  `${renderTable(rows, [
    { heading: "FAULT", cell: ({ story }) => titleOf(story) },
    { heading: "WHAT HAPPENS", cell: ({ story }) => story.answer },
    { heading: "LOST", cell: ({ found }) => (found ? "nothing" : "FAILED") },
    { heading: "STAGED AFTER", cell: ({ found }) => found && `${found.seconds.toFixed(1)} s`, align: "right" },
    { heading: "PROMISED", cell: ({ story }) => `${story.within} s`, align: "right" },
    { heading: "ATTEMPT", cell: ({ found }) => found?.attempt, align: "right" },
  ])}\n`,
);
process.exitCode = measured.size === faults.length ? 0 : 1;
