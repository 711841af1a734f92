import { readArguments, readExpression } from "./read-expression.ts";
import { Reader } from "./reader.ts";
import type {
  Assignment,
  Common,
  Delete,
  Expression,
  Insert,
  Order,
  Output,
  Select,
  Source,
  Statement,
  Update,
} from "./syntax.ts";

/** One statement; a parse is remembered, since the same texts come again and again. */
export function readSql(sql: string): Statement {
  const known = parsed.get(sql);
  if (known) return known;
  const reader = new Reader(sql, readSelectStatement);
  const statement = readStatement(reader);
  reader.takes(";");
  if (reader.next.kind !== "end") reader.refuse("the end expected");
  parsed.set(sql, statement);
  return statement;
}

/** A SELECT, wherever it stands. */
export function readSelectStatement(reader: Reader): Select {
  return readSelect(reader);
}

const parsed = new Map<string, Statement>();

function readStatement(reader: Reader): Statement {
  const commons = readWith(reader);
  if (reader.takes("insert", "into")) return readInsert(reader, commons);
  if (reader.takes("update")) return readUpdate(reader, commons);
  if (reader.takes("delete", "from")) return readDelete(reader, commons);
  return readSelect(reader, commons);
}

function readWith(reader: Reader): Common[] {
  if (!reader.takes("with")) return [];
  return reader.list(() => {
    const name = reader.name();
    const columns = reader.sees("(") ? reader.inBrackets(() => reader.list(() => reader.name())) : [];
    reader.expect("as");
    if (!reader.takes("materialized")) reader.takes("not", "materialized");
    return { name, columns, statement: reader.inBrackets(() => readStatement(reader)) };
  });
}

function readSelect(reader: Reader, commons: Common[] = readWith(reader)): Select {
  const select: Select = {
    ...{ is: "select", with: commons, distinctOn: undefined, columns: [], from: [], where: undefined },
    ...{ groupBy: [], orderBy: [], limit: undefined, lock: undefined, values: undefined },
  };
  if (reader.takes("values")) {
    select.values = reader.list(() => reader.inBrackets(() => reader.list(() => readExpression(reader))));
    return select;
  }
  reader.expect("select");
  if (reader.takes("distinct")) {
    select.distinctOn = reader.takes("on")
      ? reader.inBrackets(() => reader.list(() => readExpression(reader)))
      : reader.refuse("DISTINCT without ON");
  }
  select.columns = reader.sees("from") ? [] : readOutputs(reader);
  if (reader.takes("from")) select.from = readSources(reader);
  if (reader.takes("where")) select.where = readExpression(reader);
  if (reader.takes("group", "by")) select.groupBy = reader.list(() => readExpression(reader));
  if (reader.takes("order", "by")) select.orderBy = reader.list(() => readOrder(reader));
  if (reader.takes("limit")) select.limit = readExpression(reader);
  if (reader.takes("for", "update")) {
    const of = reader.takes("of") ? reader.name() : undefined;
    select.lock = { of, skip: reader.takes("skip", "locked") };
  }
  return select;
}

function readOrder(reader: Reader): Order {
  const by = readExpression(reader);
  const descending = reader.takes("desc");
  if (!descending) reader.takes("asc");
  const nullsFirst = reader.takes("nulls", "first") ? true : reader.takes("nulls", "last") ? false : undefined;
  return { by, descending, nullsFirst };
}

function readOutputs(reader: Reader): Output[] {
  return reader.list((): Output => {
    if (reader.takes("*")) return { all: undefined };
    const { next } = reader;
    if (next.kind === "word" && reader.sees(next.value, ".", "*")) {
      reader.take();
      reader.expect(".", "*");
      return { all: next.value };
    }
    const value = readExpression(reader);
    if (reader.takes("as")) return { value, name: reader.name() };
    if (reader.next.kind === "name" || (reader.next.kind === "word" && !endsOutput.has(reader.next.value))) {
      return { value, name: reader.name() };
    }
    return { value, name: ownName(value) };
  });
}

const endsOutput = new Set(["from", "where", "group", "order", "limit", "for", "on", "union", "returning"]);

/** What PostgreSQL calls a column that nobody named. */
function ownName(value: Expression): string {
  if (value.is === "column" || value.is === "call") return value.name;
  if (value.is === "cast") return ownName(value.of) === "?column?" ? value.type : ownName(value.of);
  if (value.is === "case") return "case";
  if (value.is === "exists") return "exists";
  return "?column?";
}

function readSources(reader: Reader): Source[] {
  const found = [readSource(reader, { kind: "cross", on: undefined })];
  for (;;) {
    if (reader.takes(",") || reader.takes("cross", "join")) {
      found.push(readSource(reader, { kind: "cross", on: undefined }));
    } else if (reader.sees("left") || reader.sees("join") || reader.sees("inner")) {
      const kind = reader.takes("left") ? "left" : "inner";
      if (!reader.takes("outer")) reader.takes("inner");
      reader.expect("join");
      const source = readSource(reader, { kind, on: undefined });
      reader.expect("on");
      source.join.on = readExpression(reader);
      found.push(source);
    } else return found;
  }
}

const endsSource = new Set(
  "on where join left inner cross group order limit for set returning using values select".split(" "),
);

function readSource(reader: Reader, join: Source["join"]): Source {
  reader.takes("lateral");
  if (reader.sees("(")) {
    const select = reader.inBrackets(() => readSelect(reader));
    return { item: { is: "select", select }, ...readAlias(reader, ""), join };
  }
  const name = reader.name();
  if (!reader.sees("(")) return { item: { is: "table", name }, ...readAlias(reader, name), join };
  const args = readArguments(reader);
  const ordinality = reader.takes("with", "ordinality");
  return { item: { is: "function", name, args, ordinality }, ...readAlias(reader, name), join };
}

function readAlias(reader: Reader, otherwise: string): { alias: string; columns: string[] } {
  const { next } = reader;
  const named = reader.takes("as") || next.kind === "name" || (next.kind === "word" && !endsSource.has(next.value));
  const alias = named ? reader.name() : otherwise;
  const columns = named && reader.sees("(") ? reader.inBrackets(() => reader.list(() => reader.name())) : [];
  return { alias, columns };
}

function readAssignments(reader: Reader): Assignment[] {
  return reader.list(() => {
    const column = reader.name();
    reader.expect("=");
    return { column, value: reader.takes("default") ? "default" : readExpression(reader) };
  });
}

function readUpdate(reader: Reader, commons: Common[]): Update {
  const table = reader.name();
  const { alias } = readAlias(reader, table);
  reader.expect("set");
  const set = readAssignments(reader);
  const from = reader.takes("from") ? readSources(reader) : [];
  return { is: "update", with: commons, table, alias, set, from, ...readEnd(reader) };
}

function readDelete(reader: Reader, commons: Common[]): Delete {
  const table = reader.name();
  const { alias } = readAlias(reader, table);
  const from = reader.takes("using") ? readSources(reader) : [];
  return { is: "delete", with: commons, table, alias, from, ...readEnd(reader) };
}

function readEnd(reader: Reader): { where: Expression | undefined; returning: Output[] } {
  const where = reader.takes("where") ? readExpression(reader) : undefined;
  return { where, returning: reader.takes("returning") ? readOutputs(reader) : [] };
}

function readInsert(reader: Reader, commons: Common[]): Insert {
  const table = reader.name();
  const alias = reader.takes("as") ? reader.name() : table;
  const columns = reader.inBrackets(() => reader.list(() => reader.name()));
  const source = readSelect(reader);
  const conflict = reader.takes("on", "conflict") ? readConflict(reader) : undefined;
  const returning = reader.takes("returning") ? readOutputs(reader) : [];
  return { is: "insert", with: commons, table, alias, columns, source, conflict, returning };
}

function readConflict(reader: Reader): Insert["conflict"] {
  const columns = reader.inBrackets(() => reader.list(() => reader.name()));
  const where = reader.takes("where") ? readExpression(reader) : undefined;
  reader.expect("do");
  if (reader.takes("nothing")) return { columns, where, set: [] };
  reader.expect("update", "set");
  return { columns, where, set: readAssignments(reader) };
}
