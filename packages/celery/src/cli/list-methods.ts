import type { ControlMethod } from "./control-methods.ts";

/** For the help: a line for each method. */
export function listMethods(methods: Readonly<Record<string, ControlMethod>>): string {
  const rows = Object.entries(methods).map(
    ([name, { usage, summary }]) => [`${name} ${usage}`.trimEnd(), summary] as const,
  );
  const width = Math.max(...rows.map(([call]) => call.length));
  return rows.map(([call, summary]) => `  ${call.padEnd(width)}  ${summary}`).join("\n");
}
