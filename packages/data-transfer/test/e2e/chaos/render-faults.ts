import { faults, titleOf } from "./faults.ts";

const [start, end] = ["<!-- faults: written by scripts/write-docs.ts -->", "<!-- end of faults -->"];

/** The document with its table of faults as it has to be. @throws Error where the document has no place for it */
export function withFaults(document: string): string {
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from === -1 || to < from) throw new Error("the document has no place for the table of faults");
  const rows = faults.map((story) => {
    const file = `e2e/chaos/${story.server.toLowerCase().replace("postgresql", "postgres")}.test.ts`;
    const link = `[${file}](../packages/data-transfer/test/${file})`;
    return `| ${titleOf(story)} | ${story.answer} | nothing | ${story.within} s | ${link} |`;
  });
  const table = [
    "| fault | what happens | what is lost | staged within | test |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ];
  return `${document.slice(0, from)}${start}\n\n${table.join("\n")}\n\n${document.slice(to)}`;
}
