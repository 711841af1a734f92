import type { Expression } from "./syntax.ts";
import type { Value } from "./values.ts";

export type Values = Readonly<Record<string, Value>>;

export interface Column {
  name: string;
  type: string;
  notNull: boolean;
  default: Expression | undefined;
  /** Counted by the table. */
  identity: boolean;
}

export interface Unique {
  name: string;
  columns: string[];
  where: Expression | undefined;
}

/** A table's definition. */
export interface TableDefinition {
  name: string;
  columns: Column[];
  uniques: Unique[];
  checks: { name: string; holds: Expression }[];
}

/** A row, with what it was and, where a transaction has changed it, what it will be. */
export interface Row {
  /** Committed, the oldest first; undefined where there is none (yet, or any more). */
  versions: { since: number; values: Values | undefined }[];
  /** Of the transaction that holds the lock, by its commands. */
  changes: { command: number; values: Values | undefined }[];
  lockedBy: Transaction | undefined;
}

export interface Transaction {
  readonly id: number;
  /** The session's name, for the tale. */
  readonly by: string;
  /** Timeline, in ms since 1970: what now() says. */
  readonly startedAt: number;
  command: number;
  readonly locked: Set<Row>;
  readonly advisory: Set<string>;
  readonly notifications: { channel: string; payload: string }[];
  ended: boolean;
  /** Called when it has ended. */
  readonly onEnd: Set<() => void>;
}

/** A statement has to wait until this transaction has ended, and is tried again then. */
export class MustWait extends Error {
  readonly blocker: Transaction;
  constructor(blocker: Transaction) {
    super(`waits for ${blocker.by}`);
    this.blocker = blocker;
  }
}

/** A row that SKIP LOCKED passes over. */
export class Locked extends Error {}

/** Rows with their versions, and who holds which. */
export class Storage {
  readonly tables = new Map<string, { definition: TableDefinition; rows: Row[]; count: number }>();
  /** Of the last commit. */
  now = 0;
  readonly #advisory = new Map<string, Transaction>();
  #transactions = 0;

  constructor(definitions: Iterable<TableDefinition>) {
    for (const definition of definitions) this.tables.set(definition.name, { definition, rows: [], count: 0 });
  }

  table(name: string) {
    const found = this.tables.get(name);
    if (!found) throw new SyntaxError(`the simulated PostgreSQL has no table ${name}`);
    return found;
  }

  begin(by: string, startedAt: number): Transaction {
    return {
      ...{ id: ++this.#transactions, by, startedAt, command: 0, ended: false },
      ...{ locked: new Set(), advisory: new Set(), notifications: [], onEnd: new Set() },
    };
  }

  /** What a command sees of a row: its own transaction's earlier commands, else what was committed at its snapshot. */
  seen(row: Row, by: Transaction, snapshot: number): Values | undefined {
    if (row.lockedBy === by) {
      const own = row.changes.findLast(({ command }) => command < by.command);
      if (own) return own.values;
    }
    return row.versions.findLast(({ since }) => since <= snapshot)?.values;
  }

  /** What a row is by now, other transactions' open changes aside. */
  latest(row: Row, by: Transaction): Values | undefined {
    const own = row.lockedBy === by ? row.changes.at(-1) : undefined;
    return own ? own.values : row.versions.at(-1)?.values;
  }

  /** @throws MustWait, or Locked with `skip` */
  lock(row: Row, by: Transaction, skip = false): void {
    if (row.lockedBy !== undefined && row.lockedBy !== by) throw skip ? new Locked() : new MustWait(row.lockedBy);
    row.lockedBy = by;
    by.locked.add(row);
  }

  change(row: Row, by: Transaction, values: Values | undefined): void {
    if (row.changes.some(({ command }) => command === by.command)) {
      throw new Error("a statement changes a row twice, which PostgreSQL does not do");
    }
    row.changes.push({ command: by.command, values });
  }

  insert(table: string, by: Transaction, values: Values): Row {
    const row: Row = { versions: [], changes: [], lockedBy: undefined };
    this.table(table).rows.push(row);
    this.lock(row, by);
    this.change(row, by, values);
    return row;
  }

  /** Takes back what the command that runs has done; its locks stay, as PostgreSQL's do while it waits. */
  undoCommand(by: Transaction): void {
    for (const row of by.locked) {
      if (row.changes.at(-1)?.command === by.command) row.changes.pop();
    }
    this.#removeNothings();
  }

  tryAdvisoryLock(key: string, by: Transaction): boolean {
    const holder = this.#advisory.get(key);
    if (holder !== undefined && holder !== by) return false;
    this.#advisory.set(key, by);
    by.advisory.add(key);
    return true;
  }

  commit(by: Transaction): void {
    this.now++;
    for (const row of by.locked) {
      const last = row.changes.at(-1);
      if (last) row.versions.push({ since: this.now, values: last.values });
      // A few are enough: a snapshot is as old as the statement that waits.
      if (row.versions.length > 50) row.versions.splice(0, 25);
    }
    this.#end(by);
  }

  rollback(by: Transaction): void {
    this.#end(by);
  }

  #end(by: Transaction): void {
    for (const row of by.locked) {
      row.changes = [];
      row.lockedBy = undefined;
    }
    for (const key of by.advisory) this.#advisory.delete(key);
    by.ended = true;
    this.#removeNothings();
    const waiting = [...by.onEnd];
    by.onEnd.clear();
    for (const wake of waiting) wake();
  }

  /** Rows that were inserted by what was taken back, or deleted. */
  #removeNothings(): void {
    for (const table of this.tables.values()) {
      if (table.rows.every(isSomething)) continue;
      table.rows = table.rows.filter(isSomething);
    }
  }
}

function isSomething({ versions, changes }: Row): boolean {
  return changes.length > 0 || versions.some(({ values }) => values !== undefined);
}
