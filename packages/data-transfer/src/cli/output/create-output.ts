import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { redact, redactValue } from "../../logging/redact.ts";
import type { Environment } from "../../settings/sources.ts";
import { printable } from "./format.ts";
import type { Output } from "./output.ts";
import { createProgress, silentProgress } from "./progress.ts";
import { renderTable } from "./table.ts";

/** The streams that a command talks through. */
export interface Streams {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
}

interface Surroundings extends Streams {
  /** Its NO_COLOR counts. */
  env?: Environment;
}

/** Data on stdout, words on stderr; nothing that is printed holds a registered secret. */
export function createOutput(format: Output["format"], { stdin, stdout, stderr, env }: Surroundings): Output {
  const json = format === "json";
  const color = stdout.isTTY === true && !env?.NO_COLOR;
  const safe = (line: string): string => redact(printable(line));
  const printJson = (value: unknown): void =>
    void stdout.write(`${JSON.stringify(redactValue(plain(value)), undefined, 2)}\n`);
  return {
    format,
    interactive: stderr.isTTY === true && !json,
    table(rows, columns, toJson = (row) => row) {
      if (json) printJson(rows.map(toJson));
      else stdout.write(`${redact(renderTable(rows, columns))}\n`);
    },
    result(value, lines, paint = (line) => line) {
      if (json) printJson(value);
      else for (const line of lines) stdout.write(`${color ? paint(safe(line)) : safe(line)}\n`);
    },
    async stream(pieces) {
      for await (const piece of pieces) if (!stdout.write(piece)) await once(stdout, "drain");
    },
    note(sentence) {
      if (!json) stderr.write(`${redact(printable(sentence))}\n`);
    },
    async confirm(question, signal) {
      if (json || !stdin.isTTY || !stderr.isTTY) return false;
      const asking = createInterface({ input: stdin, output: stderr });
      try {
        return /^y(es)?$/i.test((await asking.question(`${printable(question)} [y/N] `, { signal })).trim());
      } finally {
        asking.close();
      }
    },
    progress: () => (json ? silentProgress : createProgress(stderr, stderr.isTTY === true)),
  };
}

/** As JSON has it: dates and secrets in their own form, what is undefined as null; names as in the database. */
function plain(value: unknown): unknown {
  return snakeCased(
    JSON.parse(JSON.stringify(value, (_, entry: unknown) => (entry === undefined ? null : entry)) ?? "null"),
  );
}

/** The same value with names such as `bytesDone` written `bytes_done`: programs that read this are Python, mostly. */
export function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (typeof value !== "object" || value === null) return value;
  const snake = (name: string) => name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [snake(name), snakeCased(entry)]));
}
