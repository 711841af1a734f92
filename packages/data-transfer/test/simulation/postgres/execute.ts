import { type Bound, type Evaluation, evaluate, holds, type Scope } from "./evaluate.ts";
import { SqlFailure } from "./failure.ts";
import type { Surroundings } from "./functions.ts";
import { join, output, type Reading, type Relation, renamed, select, withRow } from "./select.ts";
import type { Row, Storage, Transaction, Values } from "./storage.ts";
import type { Assignment, Delete, Insert, Select, Statement, Update } from "./syntax.ts";
import { asType, isSame, type Value } from "./values.ts";

/** Called before a change of a row is made: triggers. */
export type Trigger = (table: string, before: Values | undefined, after: Values) => void;

export interface Command {
  storage: Storage;
  transaction: Transaction;
  /** What was committed up to here is seen. */
  snapshot: number;
  parameters: readonly Value[];
  around: Surroundings;
  trigger: Trigger;
}

/**
 * Carries one statement out: at once, and seeing what was committed when it began. Rows that it changes or locks are taken
 * as they are by then, if they still fit, as READ COMMITTED has it.
 *
 * @throws MustWait when another transaction has such a row; the statement is then carried out anew, with the same snapshot
 * @throws SqlFailure
 */
export function execute(statement: Statement, command: Command): Relation {
  return run(statement, command, new Map(), undefined);
}

function run(
  statement: Statement,
  command: Command,
  known: ReadonlyMap<string, Relation>,
  outer: Scope | undefined,
): Relation {
  const commons = new Map(known);
  for (const { name, columns, statement: inner } of statement.with) {
    commons.set(name, renamed(run(inner, command, commons, outer), columns));
  }
  const reading = readingOf(command, commons);
  switch (statement.is) {
    case "select":
      return select(statement, outer, reading);
    case "update":
      return change(statement, command, reading, (row, scope) => {
        const before = scope.rows.get(statement.alias)!.values;
        const after = assigned(command, statement.table, before, statement.set, scope, reading);
        write(command, statement.table, row, before, after);
        return withRow(scope, statement.alias, { values: after, row });
      });
    case "delete":
      return change(statement, command, reading, (row, scope) => {
        command.storage.change(row, command.transaction, undefined);
        return scope;
      });
    case "insert":
      return insert(statement, command, reading, commons);
  }
}

function readingOf(command: Command, commons: ReadonlyMap<string, Relation>): Reading {
  const { storage, transaction, snapshot, parameters, around } = command;
  const reading: Reading = {
    parameters,
    around,
    rowsOf(query: Select, outer: Scope) {
      const { columns, rows } = run(query, command, commons, outer);
      return rows.map(({ values }) => columns.map((name) => values[name]!));
    },
    relation(name) {
      const common = commons.get(name);
      if (common) return common;
      const { definition, rows } = storage.table(name);
      const seen: Bound[] = [];
      for (const row of rows) {
        const values = storage.seen(row, transaction, snapshot);
        if (values) seen.push({ values, row });
      }
      return { columns: definition.columns.map((column) => column.name), rows: seen };
    },
    lock({ row }, skip) {
      storage.lock(row!, transaction, skip);
      const values = storage.latest(row!, transaction);
      return values && { values, row: row! };
    },
  };
  return reading;
}

/** UPDATE and DELETE: finds the rows, locks each, looks at it again, and changes it. */
function change(
  statement: Update | Delete,
  command: Command,
  reading: Reading,
  apply: (row: Row, scope: Scope) => Scope,
): Relation {
  const { table, alias, from, where } = statement;
  const changed: Scope[] = [];
  const done = new Set<Row>();
  for (const bound of reading.relation(table).rows) {
    const own = withRow({ rows: new Map(), outer: undefined }, alias, bound);
    for (const scope of join(from, undefined, reading, own)) {
      if (done.has(bound.row!) || !holds(where, scope, reading)) continue;
      const now = reading.lock(bound, false);
      if (!now) continue;
      const again = withRow(scope, alias, now);
      if (now.values !== bound.values && !holds(where, again, reading)) continue;
      done.add(bound.row!);
      changed.push(apply(bound.row!, again));
    }
  }
  return returned(command, statement, changed, reading);
}

function returned(
  command: Command,
  { table, alias, returning, ...rest }: Pick<Update, "table" | "alias" | "returning"> & { from?: Update["from"] },
  scopes: readonly Scope[],
  reading: Reading,
): Relation {
  if (returning.length === 0) return { columns: [], rows: [] };
  const target = {
    item: { is: "table", name: table },
    alias,
    columns: [],
    join: { kind: "cross", on: undefined },
  } as const;
  const plain: Reading = {
    ...reading,
    relation: (name) => (name === table ? columnsOf(command, table) : reading.relation(name)),
  };
  return output(returning, scopes, [{ ...target, columns: [] }, ...(rest.from ?? [])], undefined, plain);
}

function columnsOf({ storage }: Command, table: string): Relation {
  return { columns: storage.table(table).definition.columns.map(({ name }) => name), rows: [] };
}

function assigned(
  { storage }: Command,
  table: string,
  before: Values,
  set: readonly Assignment[],
  scope: Scope,
  reading: Evaluation,
): Values {
  const after: Record<string, Value> = { ...before };
  const { columns } = storage.table(table).definition;
  for (const { column, value } of set) {
    const definition = columns.find(({ name }) => name === column);
    if (!definition) throw new SyntaxError(`the simulated PostgreSQL has no column ${table}.${column}`);
    const expression = value === "default" ? definition.default : value;
    after[column] = expression ? asType(evaluate(expression, scope, reading), definition.type) : null;
  }
  return after;
}

function insert(
  statement: Insert,
  command: Command,
  reading: Reading,
  commons: ReadonlyMap<string, Relation>,
): Relation {
  const { table, alias, columns, source, conflict } = statement;
  const { storage, transaction } = command;
  const stored = storage.table(table);
  const inserted: Scope[] = [];
  const nothing: Scope = { rows: new Map(), outer: undefined };
  const given = run(source, command, commons, undefined);
  for (const { values: row } of given.rows) {
    const values: Record<string, Value> = {};
    for (const { name, type, default: otherwise, identity } of stored.definition.columns) {
      const at = columns.indexOf(name);
      if (at >= 0) values[name] = asType(row[given.columns[at]!]!, type);
      else if (identity) values[name] = ++stored.count;
      else values[name] = otherwise ? asType(evaluate(otherwise, nothing, reading), type) : null;
    }
    const other = conflict && conflicting(command, table, values, undefined, conflict.columns)[0];
    if (other) {
      if (conflict.set.length === 0) continue;
      storage.lock(other.row, transaction);
      const before = storage.latest(other.row, transaction)!;
      const scope: Scope = {
        rows: new Map([
          ["excluded", { values }],
          [alias, { values: before }],
        ]),
        outer: undefined,
      };
      const after = assigned(command, table, before, conflict.set, scope, reading);
      write(command, table, other.row, before, after);
      inserted.push({ rows: new Map([[alias, { values: after }]]), outer: undefined });
      continue;
    }
    check(command, table, undefined, values, undefined);
    storage.insert(table, transaction, values);
    inserted.push({ rows: new Map([[alias, { values, added: true }]]), outer: undefined });
  }
  return returned(command, statement, inserted, reading);
}

function write(command: Command, table: string, row: Row, before: Values, after: Values): void {
  check(command, table, before, after, row);
  command.storage.change(row, command.transaction, after);
}

/** Triggers, NOT NULL, checks and unique indexes. */
function check(command: Command, table: string, before: Values | undefined, after: Values, row: Row | undefined): void {
  const { storage, around } = command;
  const { columns, checks, uniques } = storage.table(table).definition;
  command.trigger(table, before, after);
  for (const { name, notNull } of columns) {
    if (notNull && after[name] === null)
      throw new SqlFailure("23502", `null value in column "${name}" of "${table}"`, { table });
  }
  const scope: Scope = { rows: new Map([[table, { values: after }]]), outer: undefined };
  const using: Evaluation = { parameters: [], around, rowsOf: () => [] };
  for (const { name, holds: condition } of checks) {
    if (evaluate(condition, scope, using) !== false) continue;
    throw new SqlFailure("23514", `new row for "${table}" violates "${name}"`, { table, constraint: name });
  }
  for (const { name, columns: of } of uniques) {
    if (
      before &&
      of.every((column) => isSame(before[column]!, after[column]!)) &&
      isIndexed(command, table, name, before)
    )
      continue;
    if (conflicting(command, table, after, row, of, name).length > 0) {
      throw new SqlFailure("23505", `duplicate key value violates unique constraint "${name}"`, {
        table,
        constraint: name,
      });
    }
  }
}

function isIndexed({ storage, around }: Command, table: string, index: string, values: Values): boolean {
  const unique = storage.table(table).definition.uniques.find(({ name }) => name === index)!;
  const scope: Scope = { rows: new Map([[table, { values }]]), outer: undefined };
  return holds(unique.where, scope, { parameters: [], around, rowsOf: () => [] });
}

/**
 * Rows that have the same key in a unique index. Where another transaction's open change decides, it is waited for.
 *
 * @throws MustWait
 */
function conflicting(
  command: Command,
  table: string,
  values: Values,
  own: Row | undefined,
  columns: readonly string[],
  index?: string,
): { row: Row }[] {
  const { storage, transaction } = command;
  const { definition, rows } = storage.table(table);
  const found: { row: Row }[] = [];
  for (const { name, columns: of } of definition.uniques) {
    if (index === undefined ? !sameNames(of, columns) : name !== index) continue;
    if (!isIndexed(command, table, name, values)) continue;
    const clashes = (other: Values | undefined) =>
      other !== undefined &&
      of.every((column) => values[column] !== null && isSame(values[column]!, other[column]!)) &&
      isIndexed(command, table, name, other);
    for (const row of rows) {
      if (row === own) continue;
      if (row.lockedBy !== undefined && row.lockedBy !== transaction && row.changes.length > 0) {
        const open = row.changes.at(-1)!.values;
        if (clashes(open) || clashes(row.versions.at(-1)?.values)) storage.lock(row, transaction);
      }
      if (clashes(storage.latest(row, transaction))) found.push({ row });
    }
  }
  return found;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
