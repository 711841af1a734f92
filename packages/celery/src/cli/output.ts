/** Where a command's answers go: data on stdout, words for people on stderr. */
export interface Output {
  readonly format: "table" | "json";
  /** Rows as an aligned table, or as a JSON array of `json(row)` (the row itself by default). */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], json?: (row: Row) => unknown): void;
  /** One thing: `lines` for people, or `value` as one JSON document. */
  result(value: unknown, lines: readonly string[]): void;
  /** One of an endless row of things: a line for people, or `value` as JSON on a line of its own. */
  item(value: unknown, line: string): void;
  /** A sentence for people, on stderr; nothing with `--quiet`. */
  note(sentence: string): void;
}

/** As far as a program writes to it. */
export interface Stream {
  write(text: string): unknown;
  isTTY?: boolean;
}

export interface Column<Row> {
  heading: string;
  /** Undefined is shown as `-`. */
  cell: (row: Row) => string | number | undefined;
  align?: "right";
}

export function createOutput(
  format: Output["format"],
  { stdout, stderr, quiet = false }: { stdout: Stream; stderr: Stream; quiet?: boolean },
): Output {
  const json = format === "json";
  const printJson = (value: unknown, indent?: number): void => void stdout.write(`${jsonText(value, indent)}\n`);
  return {
    format,
    table(rows, columns, toJson = (row) => row) {
      if (json) printJson(rows.map(toJson), 2);
      else stdout.write(`${renderTable(rows, columns)}\n`);
    },
    result(value, lines) {
      if (json) printJson(value, 2);
      else for (const line of lines) stdout.write(`${printable(line)}\n`);
    },
    item(value, line) {
      if (json) printJson(value);
      else stdout.write(`${printable(line)}\n`);
    },
    note(sentence) {
      if (!quiet) stderr.write(`${printable(sentence)}\n`);
    },
  };
}

/** Newer than TypeScript's library knows. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };

/** Integers beyond 2^53 arrive as bigint, and stay whole. */
export function jsonText(value: unknown, indent?: number): string {
  const whole = (_: string, entry: unknown) => (typeof entry === "bigint" ? rawJson(String(entry)) : entry);
  return JSON.stringify(value ?? null, whole, indent);
}

/** Columns two spaces apart, headings first, no lines. */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const texts = rows.map((row) => columns.map(({ cell }) => printable(String(cell(row) ?? "-"))));
  const widths = columns.map(({ heading }, i) => Math.max(heading.length, ...texts.map((cells) => cells[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (columns[i]!.align === "right" ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ heading }) => heading)), ...texts.map(line)].join("\n");
}

/** A text that may be printed on a terminal: names come from outside, and control characters could rewrite the screen. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\ufffd");
}
