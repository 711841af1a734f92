import { type Bound, type Evaluation, evaluate, holds, isAggregate, type Scope } from "./evaluate.ts";
import { Locked } from "./storage.ts";
import type { Output, Select, Source } from "./syntax.ts";
import { compare, type Value } from "./values.ts";

/** Rows with the names of their columns. */
export interface Relation {
  columns: string[];
  rows: Bound[];
}

/** What SELECT needs of the statement around it. */
export interface Reading extends Evaluation {
  /** A table's rows as this statement sees them, or those of a WITH. */
  relation(name: string): Relation;
  /** Locks a row; answers what it is by then. Undefined when it is gone. */
  lock(bound: Bound, skip: boolean): Bound | undefined;
}

export function select(query: Select, outer: Scope | undefined, reading: Reading): Relation {
  if (query.values) return listed(query.values, outer, reading);
  const none: Scope = { rows: new Map(), outer };
  const limit = query.limit && Number(evaluate(query.limit, none, reading));
  let scopes = join(query.from, outer, reading).filter((scope) => holds(query.where, scope, reading));
  const grouped = query.groupBy.length > 0 || query.columns.some((column) => "value" in column && hasAggregate(column));
  if (grouped) scopes = group(query, scopes, none, reading);
  scopes = order(query, scopes, reading);
  if (query.lock) scopes = lockRows(query, scopes, limit, reading);
  if (query.distinctOn) scopes = distinct(query, scopes, reading);
  if (limit !== undefined) scopes = scopes.slice(0, limit);
  return output(query.columns, scopes, query.from, outer, reading);
}

/** The values of columns for each scope. */
export function output(
  columns: readonly Output[],
  scopes: readonly Scope[],
  from: readonly Source[],
  outer: Scope | undefined,
  reading: Reading,
): Relation {
  const names: string[] = [];
  const own = new Map<Output, string>();
  for (const column of columns) {
    if ("name" in column) {
      // Of two columns with one name the second is known by its place: INSERT ... SELECT goes by places alone.
      const name = names.includes(column.name) ? `${column.name} ${names.length + 1}` : column.name;
      own.set(column, name);
      names.push(name);
    } else names.push(...starColumns(column.all, from, outer, reading));
  }
  const rows = scopes.map((scope) => {
    const values: Record<string, Value> = {};
    for (const column of columns) {
      if ("name" in column) values[own.get(column)!] = evaluate(column.value, scope, reading);
      else for (const [alias, bound] of scope.rows) if (isMeant(column.all, alias)) Object.assign(values, bound.values);
    }
    return { values };
  });
  return { columns: [...new Set(names)], rows };
}

function isMeant(all: string | undefined, alias: string): boolean {
  return all === undefined || all === alias;
}

function starColumns(all: string | undefined, from: readonly Source[], outer: Scope | undefined, reading: Reading) {
  return from
    .filter(({ alias }) => isMeant(all, alias))
    .flatMap((source) => sourceRows(source, { rows: new Map(), outer }, reading, true).columns);
}

/** All combinations of the sources' rows that their joins allow. */
export function join(from: readonly Source[], outer: Scope | undefined, reading: Reading, first?: Scope): Scope[] {
  let scopes: Scope[] = [first ?? { rows: new Map(), outer }];
  for (const source of from) {
    scopes = scopes.flatMap((scope) => {
      const { columns, rows } = sourceRows(source, scope, reading);
      const found = rows
        .map((bound) => withRow(scope, source.alias, bound))
        .filter((one) => holds(source.join.on, one, reading));
      if (found.length > 0 || source.join.kind !== "left") return found;
      return [withRow(scope, source.alias, { values: Object.fromEntries(columns.map((name) => [name, null])) })];
    });
  }
  return scopes;
}

export function withRow(scope: Scope, alias: string, bound: Bound): Scope {
  return { rows: new Map([...scope.rows, [alias, bound]]), outer: scope.outer };
}

function sourceRows({ item, columns, alias }: Source, scope: Scope, reading: Reading, columnsOnly = false): Relation {
  if (item.is === "table") return reading.relation(item.name);
  if (item.is === "select") {
    // What a LATERAL one stands beside is not there when only its columns are asked for.
    const named = item.select.columns.filter((column) => "name" in column);
    if (columnsOnly && named.length === item.select.columns.length) {
      return renamed({ columns: named.map(({ name }) => name), rows: [] }, columns);
    }
    return renamed(select(item.select, scope, reading), columns);
  }
  const names = [...columns];
  if (columnsOnly) return { columns: names, rows: [] };
  const args = item.args.map(({ value }) => (value === "*" ? null : evaluate(value, scope, reading)));
  if (item.name === "unnest") {
    const arrays = args as Value[][];
    const length = Math.max(0, ...arrays.map((array) => array?.length ?? 0));
    const rows = Array.from({ length }, (_, at) => {
      const all = [...arrays.map((array) => array?.[at] ?? null), ...(item.ordinality ? [at + 1] : [])];
      return { values: Object.fromEntries(all.map((value, i) => [names[i] ?? alias, value])) };
    });
    return { columns: names, rows };
  }
  const call = { is: "call", name: item.name, args: item.args, where: undefined } as const;
  return { columns: [alias], rows: [{ values: { [alias]: evaluate(call, scope, reading) } }] };
}

/** Columns under other names, as `AS i (a, b)` has it. */
export function renamed({ columns, rows }: Relation, names: readonly string[]): Relation {
  if (names.length === 0) return { columns, rows };
  return {
    columns: columns.map((name, i) => names[i] ?? name),
    rows: rows.map(({ values }) => ({
      values: Object.fromEntries(columns.map((name, i) => [names[i] ?? name, values[name]!])),
    })),
  };
}

function listed(lists: NonNullable<Select["values"]>, outer: Scope | undefined, reading: Reading): Relation {
  const columns = lists[0]!.map((_, i) => `column${i + 1}`);
  const rows = lists.map((list) => {
    const values = list.map((one) => evaluate(one, { rows: new Map(), outer }, reading));
    return { values: Object.fromEntries(values.map((value, i) => [columns[i]!, value])) };
  });
  return { columns, rows };
}

function hasAggregate({ value }: { value: Parameters<typeof isAggregate>[0] }): boolean {
  if (isAggregate(value)) return true;
  if (value.is === "cast" || value.is === "not" || value.is === "minus") return hasAggregate({ value: value.of });
  if (value.is === "call") return value.args.some((arg) => arg.value !== "*" && hasAggregate({ value: arg.value }));
  if (value.is === "operator") return hasAggregate({ value: value.left }) || hasAggregate({ value: value.right });
  return false;
}

function group(query: Select, scopes: readonly Scope[], none: Scope, reading: Reading): Scope[] {
  if (query.groupBy.length === 0) return [{ ...(scopes[0] ?? none), group: scopes }];
  const key = (scope: Scope) => JSON.stringify(query.groupBy.map((by) => evaluate(by, scope, reading)));
  return [...Map.groupBy(scopes, key).values()].map((members) => ({ ...members[0]!, group: members }));
}

function order({ orderBy, columns }: Select, scopes: Scope[], reading: Reading): Scope[] {
  if (orderBy.length === 0) return scopes;
  const keyed = scopes.map((scope) => {
    const keys = orderBy.map(({ by }) => {
      const named =
        by.is === "column" && by.table === undefined && columns.find((one) => "name" in one && one.name === by.name);
      return evaluate(named && "value" in named ? named.value : by, scope, reading);
    });
    return { scope, keys };
  });
  keyed.sort((a, b) => {
    for (const [i, { descending, nullsFirst = descending }] of orderBy.entries()) {
      const [left, right] = [a.keys[i]!, b.keys[i]!];
      if (left === null && right === null) continue;
      if (left === null || right === null) return (left === null) === nullsFirst ? -1 : 1;
      const difference = compare(left, right);
      if (difference !== 0) return descending ? -difference : difference;
    }
    return 0;
  });
  return keyed.map(({ scope }) => scope);
}

function distinct({ distinctOn }: Select, scopes: readonly Scope[], reading: Reading): Scope[] {
  const seen = new Set<string>();
  return scopes.filter((scope) => {
    const key = JSON.stringify(distinctOn!.map((on) => evaluate(on, scope, reading)));
    return !seen.has(key) && seen.add(key);
  });
}

/** FOR UPDATE: one row after the other, until there are enough; each is looked at again once it is locked. */
function lockRows(query: Select, scopes: readonly Scope[], limit: number | undefined, reading: Reading): Scope[] {
  const found: Scope[] = [];
  const { of, skip } = query.lock!;
  next: for (const scope of scopes) {
    if (limit !== undefined && found.length >= limit) break;
    let locked = scope;
    for (const [alias, bound] of scope.rows) {
      if ((of !== undefined && of !== alias) || bound.row === undefined) continue;
      try {
        const now = reading.lock(bound, skip);
        if (now === undefined) continue next;
        locked = withRow(locked, alias, now);
      } catch (error) {
        if (error instanceof Locked) continue next;
        throw error;
      }
    }
    if (holds(query.where, locked, reading)) found.push(locked);
  }
  return found;
}
