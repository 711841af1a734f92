import { itemTransitions } from "./item-transitions.ts";

/** Between these lines of docs/data-model.md stands what {@link renderItemStates} writes. */
export const itemStatesMarkers = {
  begin: "<!-- Written by scripts/write-docs.ts from packages/data-transfer/src/model/item-transitions.ts. -->",
  end: "<!-- End of what is written. -->",
} as const;

/** The states of an item as a Mermaid picture, whose numbers the table below it explains. */
export function renderItemStates(): string {
  const arrows = itemTransitions.map(({ from, to }, index) => `  ${from} --> ${to}: ${index + 1}`);
  const rows = itemTransitions.map(({ from, to, by }, index) => `| ${index + 1} | ${from} | ${to} | ${by} |`);
  return [
    ["```mermaid", "stateDiagram-v2", "  direction LR", "  [*] --> pending: requested"],
    ["  [*] --> failed: package unknown", ...arrows, "  completed --> [*]", "```", ""],
    ["| | from | to | by |", "| --- | --- | --- | --- |", ...rows],
  ]
    .flat()
    .join("\n");
}

/** @throws RangeError when the markers are not there */
export function withItemStates(page: string): string {
  const { begin, end } = itemStatesMarkers;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new RangeError("the page has no place for the states of an item");
  return `${page.slice(0, from + begin.length)}\n\n${renderItemStates()}\n\n${page.slice(to)}`;
}
