import { aggregates, calculate, functions, type Surroundings } from "./functions.ts";
import type { Row, Values } from "./storage.ts";
import type { Expression, Select } from "./syntax.ts";
import { asType, compare, isEqual, isSame, type Value } from "./values.ts";

/** One row of each source, by alias; outside of it those of the statement around it. */
export interface Scope {
  rows: ReadonlyMap<string, Bound>;
  outer: Scope | undefined;
  /** The rows that an aggregate goes over. */
  group?: readonly Scope[];
}

export interface Bound {
  values: Values;
  /** The table's row that these values are of, where they are a table's. */
  row?: Row;
  /** INSERT has made it; for those that it found there, and changed, this is false. */
  added?: boolean;
}

export interface Evaluation {
  parameters: readonly Value[];
  around: Surroundings;
  /** Rows of a query within an expression, each with the values of its columns in their order. */
  rowsOf(select: Select, outer: Scope): Value[][];
}

export function evaluate(expression: Expression, scope: Scope, using: Evaluation): Value {
  const of = (one: Expression) => evaluate(one, scope, using);
  switch (expression.is) {
    case "constant":
      return expression.value;
    case "parameter":
      return using.parameters[expression.number - 1] ?? null;
    case "column":
      return column(scope, expression.table, expression.name);
    case "and": {
      const left = of(expression.left);
      if (left === false) return false;
      const right = of(expression.right);
      return right === false ? false : left === null || right === null ? null : true;
    }
    case "or": {
      const left = of(expression.left);
      if (left === true) return true;
      const right = of(expression.right);
      return right === true ? true : left === null || right === null ? null : false;
    }
    case "not": {
      const value = of(expression.of);
      return value === null ? null : !value;
    }
    case "minus": {
      const value = of(expression.of);
      return value === null ? null : -Number(value);
    }
    case "null test":
      return (of(expression.of) === null) !== expression.negated;
    case "distinct test":
      return isSame(of(expression.left), of(expression.right)) === expression.negated;
    case "operator":
      return operate(expression.sign, of(expression.left), of(expression.right));
    case "in": {
      const value = of(expression.of);
      const among = Array.isArray(expression.among)
        ? expression.among.map(of)
        : using.rowsOf(expression.among, scope).map(([first]) => first!);
      const found = isAmong(value, among, "=");
      return found === null ? null : found !== expression.negated;
    }
    case "any": {
      const array = of(expression.array);
      return array === null ? null : isAmong(of(expression.of), array as Value[], expression.sign);
    }
    case "exists":
      return using.rowsOf(expression.select, scope).length > 0;
    case "subquery":
      return using.rowsOf(expression.select, scope)[0]?.[0] ?? null;
    case "case": {
      const subject = expression.of && of(expression.of);
      for (const [when, then] of expression.when) {
        const holds = subject === undefined ? of(when) : isEqual(subject, of(when));
        if (holds === true) return of(then);
      }
      return expression.otherwise ? of(expression.otherwise) : null;
    }
    case "cast":
      return asType(of(expression.of), expression.type);
    case "row":
      return expression.members.map(of);
    case "call":
      return call(expression, scope, using);
  }
}

/** Whether a condition is true; null is not. */
export function holds(condition: Expression | undefined, scope: Scope, using: Evaluation): boolean {
  return condition === undefined || evaluate(condition, scope, using) === true;
}

export function isAggregate(expression: Expression): boolean {
  return expression.is === "call" && expression.name in aggregates;
}

function call(expression: Extract<Expression, { is: "call" }>, scope: Scope, using: Evaluation): Value {
  const { name, args, where } = expression;
  const aggregate = aggregates[name];
  if (aggregate) {
    const group = scope.group ?? [];
    const rows = where ? group.filter((one) => holds(where, one, using)) : group;
    return aggregate(
      rows.map((one) => (args[0]?.value === "*" ? 1 : evaluate(args[0]!.value as Expression, one, using))),
    );
  }
  if (name === "coalesce") {
    // What stands behind the first that is not null is not evaluated.
    for (const { value } of args) {
      const found = evaluate(value as Expression, scope, using);
      if (found !== null) return found;
    }
    return null;
  }
  const known = functions[name];
  if (!known) throw new SyntaxError(`the simulated PostgreSQL has no function ${name}`);
  const values = args.map(({ value }) => evaluate(value as Expression, scope, using));
  return known(
    values,
    using.around,
    args.map((arg) => arg.name),
  );
}

function column(scope: Scope, table: string | undefined, name: string): Value {
  // The number of the transaction that has changed the row; 0 in one that is new.
  if (name === "xmax") return scope.rows.values().some(({ added }) => added) ? 0 : 1;
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    if (table !== undefined) {
      const found = at.rows.get(table);
      if (!found) continue;
      const value = found.values[name];
      if (value === undefined) throw new SyntaxError(`the simulated PostgreSQL has no column ${table}.${name}`);
      return value;
    }
    for (const { values } of at.rows.values()) {
      const value = values[name];
      if (value !== undefined) return value;
    }
  }
  throw new SyntaxError(`the simulated PostgreSQL has no column ${table === undefined ? name : `${table}.${name}`}`);
}

function operate(sign: string, left: Value, right: Value): Value {
  if (!comparisons.has(sign)) return calculate(sign, left, right);
  if (left === null || right === null) return null;
  if (Array.isArray(left) && Array.isArray(right)) return compareRows(sign, left, right);
  return compares(sign, compare(left, right));
}

const comparisons = new Set(["=", "<>", "<", "<=", ">", ">="]);

function compareRows(sign: string, left: Value[], right: Value[]): Value {
  for (const [i, value] of left.entries()) {
    if (value === null || right[i] === null) return null;
    const difference = compare(value, right[i]!);
    if (difference !== 0) return compares(sign, difference);
  }
  return compares(sign, 0);
}

function compares(sign: string, difference: number): boolean {
  switch (sign) {
    case "=":
      return difference === 0;
    case "<>":
      return difference !== 0;
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    default:
      return difference >= 0;
  }
}

function isAmong(value: Value, among: readonly Value[], sign: string): boolean | null {
  let unknown = false;
  for (const one of among) {
    const answer = operate(sign, value, one);
    if (answer === true) return true;
    if (answer === null) unknown = true;
  }
  return unknown ? null : false;
}
