import type { FaultRow } from "./fault-row.ts";
import { faults } from "./faults.ts";
import { type Measured, readMeasured } from "./measured.ts";

const [start, end] = ["<!-- faults: written by scripts/write-docs.ts -->", "<!-- end of faults -->"];

/** The document with its table of faults as it has to be. @throws Error where the document has no place for it */
export function withFaults(document: string, rows: readonly FaultRow[] = faults, measured = readMeasured()): string {
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from === -1 || to < from) throw new Error("the document has no place for the table of faults");
  const lines = [
    "| fault | what happens | what is lost | at most, as shipped | measured | test |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows.map((row) => line(row, measured)),
  ];
  const when = `Measured with \`make chaos\`, ${measured.when}.`;
  return `${document.slice(0, from)}${start}\n\n${lines.join("\n")}\n\n${when}\n\n${document.slice(to)}`;
}

function line({ file, title, answer, lost, shipped }: FaultRow, { seconds }: Measured): string {
  const time = seconds[title];
  const link = `[${file}](../packages/data-transfer/test/${file})`;
  return `| ${title} | ${answer} | ${lost} | ${shipped} | ${time === undefined ? "-" : `${time.toFixed(1)} s`} | ${link} |`;
}
