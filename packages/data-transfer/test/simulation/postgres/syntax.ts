import type { Value } from "./values.ts";

// What is understood of SQL: no more than our statements need; anything else is refused when it is read.

export type Expression =
  | { is: "constant"; value: Value }
  | { is: "parameter"; number: number }
  | { is: "column"; table: string | undefined; name: string }
  | { is: "operator"; sign: string; left: Expression; right: Expression }
  | { is: "and" | "or"; left: Expression; right: Expression }
  | { is: "not" | "minus"; of: Expression }
  | { is: "null test"; of: Expression; negated: boolean }
  | { is: "distinct test"; left: Expression; right: Expression; negated: boolean }
  | { is: "in"; of: Expression; among: Expression[] | Select; negated: boolean }
  | { is: "any"; of: Expression; sign: string; array: Expression }
  | { is: "exists"; select: Select }
  | { is: "subquery"; select: Select }
  | { is: "case"; of: Expression | undefined; when: [Expression, Expression][]; otherwise: Expression | undefined }
  | { is: "call"; name: string; args: Argument[]; where: Expression | undefined }
  | { is: "cast"; of: Expression; type: string }
  | { is: "row"; members: Expression[] };

/** An argument of a function, named or not; a star is all rows. */
export interface Argument {
  name: string | undefined;
  value: Expression | "*";
}

export interface Select {
  is: "select";
  with: Common[];
  distinctOn: Expression[] | undefined;
  columns: Output[];
  from: Source[];
  where: Expression | undefined;
  groupBy: Expression[];
  orderBy: Order[];
  limit: Expression | undefined;
  lock: { of: string | undefined; skip: boolean } | undefined;
  /** Rows of a VALUES list, in place of everything else. */
  values: Expression[][] | undefined;
}

export interface Insert {
  is: "insert";
  with: Common[];
  table: string;
  alias: string;
  columns: string[];
  source: Select;
  conflict: { columns: string[]; where: Expression | undefined; set: Assignment[] } | undefined;
  returning: Output[];
}

export interface Update {
  is: "update";
  with: Common[];
  table: string;
  alias: string;
  set: Assignment[];
  from: Source[];
  where: Expression | undefined;
  returning: Output[];
}

export interface Delete {
  is: "delete";
  with: Common[];
  table: string;
  alias: string;
  from: Source[];
  where: Expression | undefined;
  returning: Output[];
}

export type Statement = Select | Insert | Update | Delete;

export interface Common {
  name: string;
  columns: string[];
  statement: Statement;
}

/** A column of an answer: a star is all columns of one source, or of all. */
export type Output = { value: Expression; name: string } | { all: string | undefined };

export interface Order {
  by: Expression;
  descending: boolean;
  nullsFirst: boolean | undefined;
}

export interface Assignment {
  column: string;
  value: Expression | "default";
}

export interface Source {
  item:
    | { is: "table"; name: string }
    | { is: "select"; select: Select }
    | { is: "function"; name: string; args: Argument[]; ordinality: boolean };
  alias: string;
  columns: string[];
  /** How it is joined to those before it. */
  join: { kind: "inner" | "left" | "cross"; on: Expression | undefined };
}
