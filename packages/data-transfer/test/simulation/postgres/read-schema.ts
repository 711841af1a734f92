import { readExpression, readType } from "./read-expression.ts";
import { readSelectStatement } from "./read-statement.ts";
import { Reader } from "./reader.ts";
import type { Column, TableDefinition } from "./storage.ts";
import type { Expression } from "./syntax.ts";

/**
 * The tables that migrations make: columns with their defaults, checks and unique indexes. Foreign keys, plain indexes,
 * comments and functions are passed over; triggers have to be told to the server by hand.
 */
export function readSchema(migrations: readonly { text: string }[]): TableDefinition[] {
  const tables = new Map<string, TableDefinition>();
  for (const { text } of migrations) {
    const reader = new Reader(text, readSelectStatement);
    while (!reader.atEnd) {
      readDefinition(reader, tables);
      while (!reader.atEnd && !reader.sees(";")) reader.take();
      reader.takes(";");
    }
  }
  return [...tables.values()];
}

function readDefinition(reader: Reader, tables: Map<string, TableDefinition>): void {
  if (reader.takes("create", "table")) {
    const table: TableDefinition = { name: reader.name(), columns: [], uniques: [], checks: [] };
    tables.set(table.name, table);
    reader.inBrackets(() => reader.list(() => readMember(reader, table)));
  } else if (reader.takes("create", "unique", "index")) {
    const name = reader.name();
    reader.expect("on");
    const table = tables.get(reader.name())!;
    const columns = reader.inBrackets(() => reader.list(() => reader.name()));
    table.uniques.push({ name, columns, where: reader.takes("where") ? readExpression(reader) : undefined });
  } else if (reader.takes("alter", "table")) {
    const table = tables.get(reader.name())!;
    reader.list(() => readAlteration(reader, table));
  }
}

function readAlteration(reader: Reader, table: TableDefinition): void {
  if (reader.takes("add", "constraint")) readConstraint(reader, table, reader.name());
  else if (reader.takes("add")) {
    reader.takes("column");
    readColumn(reader, table);
  } else if (reader.takes("drop", "constraint")) {
    reader.takes("if", "exists");
    const name = reader.name();
    table.checks = table.checks.filter((check) => check.name !== name);
    table.uniques = table.uniques.filter((unique) => unique.name !== name);
  } else reader.refuse("a change of a table");
}

function readMember(reader: Reader, table: TableDefinition): void {
  if (reader.takes("constraint")) readConstraint(reader, table, reader.name());
  else if (["check", "unique", "foreign", "primary"].some((word) => reader.sees(word))) {
    readConstraint(reader, table, undefined);
  } else readColumn(reader, table);
}

function readConstraint(reader: Reader, table: TableDefinition, name: string | undefined): void {
  if (reader.takes("check")) {
    const holds = reader.inBrackets(() => readExpression(reader));
    table.checks.push({ name: name ?? `${table.name}_check`, holds });
  } else if (reader.takes("unique") || reader.takes("primary", "key")) {
    const columns = reader.inBrackets(() => reader.list(() => reader.name()));
    table.uniques.push({ name: name ?? `${table.name}_${columns.join("_")}_key`, columns, where: undefined });
  } else if (reader.takes("foreign", "key")) {
    reader.inBrackets(() => reader.list(() => reader.name()));
    readReference(reader);
  } else reader.refuse("a constraint");
}

function readReference(reader: Reader): void {
  reader.expect("references");
  reader.name();
  if (reader.sees("(")) reader.inBrackets(() => reader.list(() => reader.name()));
  while (reader.takes("on")) {
    reader.take();
    if (!reader.takes("set", "null")) reader.take();
  }
}

function readColumn(reader: Reader, table: TableDefinition): void {
  const column: Column = {
    ...{ name: reader.name(), type: readType(reader), notNull: false, default: undefined, identity: false },
  };
  table.columns.push(column);
  const check = (holds: Expression) => table.checks.push({ name: `${table.name}_${column.name}_check`, holds });
  const unique = (name: string) => table.uniques.push({ name, columns: [column.name], where: undefined });
  for (;;) {
    if (reader.takes("not", "null")) column.notNull = true;
    else if (reader.takes("default")) column.default = readExpression(reader);
    else if (reader.takes("primary", "key")) unique(`${table.name}_pkey`);
    else if (reader.takes("unique")) unique(`${table.name}_${column.name}_key`);
    else if (reader.takes("check")) check(reader.inBrackets(() => readExpression(reader)));
    else if (reader.takes("generated", "always", "as", "identity")) column.identity = true;
    else if (reader.sees("references")) readReference(reader);
    else return;
  }
}
