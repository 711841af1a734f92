/** One column of a table: its heading, its cell for a row, and on which side it stands. */
export interface Column<Row> {
  heading: string;
  cell: (row: Row) => string | number | undefined;
  align?: "left" | "right";
}

/** Where a command's answers go: data on stdout, words for people on stderr. */
export interface Output {
  readonly format: "table" | "json";
  /** Whether stderr is a terminal: progress may move the cursor. */
  readonly interactive: boolean;
  /** Prints rows as an aligned table, or as a JSON array of `json(row)` (the row itself by default). */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], json?: (row: Row) => unknown): void;
  /**
   * Prints one thing: `lines` for people, or `value` as one JSON document.
   *
   * @param paint  adds colours to a line; only asked where they are wanted
   */
  result(value: unknown, lines: readonly string[], paint?: (line: string) => string): void;
  /** Prints a document as it comes, in whatever form it has; waits where stdout is slower. */
  stream(pieces: AsyncIterable<string>): Promise<void>;
  /** A sentence for people, on stderr; nothing with `--output json`. */
  note(sentence: string): void;
  /** Asks a yes-or-no question on the terminal; without one the answer is no. */
  confirm(question: string, signal: AbortSignal): Promise<boolean>;
  /** Shows how several things come along; see {@link Progress}. */
  progress(): Progress;
}

/** Bars on a terminal, now and then a line elsewhere. */
export interface Progress {
  /** Sets or moves one bar; it appears on first mention. `note` stands behind it (a state, or why it waits). */
  update(name: string, done: number, total: number, note?: string): void;
  /** A line above the bars. */
  say(sentence: string): void;
  /** Leaves the last state standing. */
  stop(): void;
}
