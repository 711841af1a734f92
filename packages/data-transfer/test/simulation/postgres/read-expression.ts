import type { Reader } from "./reader.ts";
import type { Argument, Expression } from "./syntax.ts";
import { Interval } from "./values.ts";

/** An expression, by PostgreSQL's precedence. */
export function readExpression(reader: Reader): Expression {
  let left = readAnd(reader);
  while (reader.takes("or")) left = { is: "or", left, right: readAnd(reader) };
  return left;
}

function readAnd(reader: Reader): Expression {
  let left = readNot(reader);
  while (reader.takes("and")) left = { is: "and", left, right: readNot(reader) };
  return left;
}

function readNot(reader: Reader): Expression {
  return reader.takes("not") ? { is: "not", of: readNot(reader) } : readTest(reader);
}

const comparisons = ["=", "<>", "!=", "<=", ">=", "<", ">", "~"];

function readTest(reader: Reader): Expression {
  let left = readConcatenation(reader);
  for (;;) {
    const sign = comparisons.find((one) => reader.sees(one));
    if (sign) {
      reader.take();
      if (reader.takes("any")) {
        left = { is: "any", of: left, sign, array: reader.inBrackets(() => readExpression(reader)) };
      } else left = { is: "operator", sign: sign === "!=" ? "<>" : sign, left, right: readConcatenation(reader) };
    } else if (reader.takes("like")) {
      left = { is: "operator", sign: "like", left, right: readConcatenation(reader) };
    } else if (reader.takes("is")) {
      const negated = reader.takes("not");
      if (reader.takes("null")) left = { is: "null test", of: left, negated };
      else if (reader.takes("distinct", "from")) {
        left = { is: "distinct test", left, right: readConcatenation(reader), negated };
      } else reader.refuse("a test with IS");
    } else if (reader.sees("in") || reader.sees("not", "in")) {
      const negated = reader.takes("not");
      reader.expect("in");
      const of = left;
      left = reader.inBrackets(() => {
        const among = isSelect(reader) ? reader.select() : reader.list(() => readExpression(reader));
        return { is: "in", of, among, negated } as const;
      });
    } else if (reader.sees("between") || reader.sees("not", "between")) {
      const negated = reader.takes("not");
      reader.expect("between");
      const low: Expression = { is: "operator", sign: ">=", left, right: readConcatenation(reader) };
      reader.expect("and");
      const both: Expression = {
        is: "and",
        left: low,
        right: { is: "operator", sign: "<=", left, right: readConcatenation(reader) },
      };
      left = negated ? { is: "not", of: both } : both;
    } else return left;
  }
}

function readConcatenation(reader: Reader): Expression {
  let left = readSum(reader);
  while (reader.takes("||")) left = { is: "operator", sign: "||", left, right: readSum(reader) };
  return left;
}

function readSum(reader: Reader): Expression {
  let left = readProduct(reader);
  while (reader.sees("+") || reader.sees("-")) {
    left = { is: "operator", sign: reader.take().value, left, right: readProduct(reader) };
  }
  return left;
}

function readProduct(reader: Reader): Expression {
  let left = readSigned(reader);
  while (reader.sees("*") || reader.sees("/") || reader.sees("%")) {
    left = { is: "operator", sign: reader.take().value, left, right: readSigned(reader) };
  }
  return left;
}

function readSigned(reader: Reader): Expression {
  return reader.takes("-") ? { is: "minus", of: readSigned(reader) } : readWithCasts(reader);
}

function readWithCasts(reader: Reader): Expression {
  let found = readAtom(reader);
  for (;;) {
    if (reader.takes("::")) found = { is: "cast", of: found, type: readType(reader) };
    else if (reader.takes("collate")) reader.take();
    else return found;
  }
}

/** A type's name, folded to one word where it has several. */
export function readType(reader: Reader): string {
  let type = reader.name();
  if (type === "double") reader.expect("precision");
  if (type === "timestamp" && reader.takes("with", "time", "zone")) type = "timestamptz";
  if (reader.takes("[")) {
    reader.expect("]");
    type += "[]";
  }
  return type;
}

function isSelect(reader: Reader): boolean {
  return reader.sees("select") || reader.sees("with") || reader.sees("values");
}

function readAtom(reader: Reader): Expression {
  const { next } = reader;
  if (next.kind === "text") {
    reader.take();
    return { is: "constant", value: next.value };
  }
  if (next.kind === "number") {
    reader.take();
    return { is: "constant", value: Number(next.value) };
  }
  if (next.kind === "parameter") {
    reader.take();
    return { is: "parameter", number: Number(next.value) };
  }
  if (reader.takes("(")) return readBracketed(reader);
  if (reader.takes("null")) return { is: "constant", value: null };
  if (reader.takes("true")) return { is: "constant", value: true };
  if (reader.takes("false")) return { is: "constant", value: false };
  if (reader.takes("case")) return readCase(reader);
  if (reader.takes("exists")) return { is: "exists", select: reader.inBrackets(() => reader.select()) };
  if (reader.takes("interval")) return { is: "constant", value: Interval.read(reader.take().value) };
  if (reader.takes("extract", "(", "epoch", "from")) {
    const value = readExpression(reader);
    reader.expect(")");
    return { is: "call", name: "epoch", args: [{ name: undefined, value }], where: undefined };
  }
  const name = reader.name();
  if (reader.sees("(")) {
    const args = readArguments(reader);
    const where = reader.takes("filter")
      ? reader.inBrackets(() => {
          reader.expect("where");
          return readExpression(reader);
        })
      : undefined;
    return { is: "call", name, args, where };
  }
  if (!reader.takes(".")) return { is: "column", table: undefined, name };
  return { is: "column", table: name, name: reader.name() };
}

function readBracketed(reader: Reader): Expression {
  if (isSelect(reader)) {
    const select = reader.select();
    reader.expect(")");
    return { is: "subquery", select };
  }
  const members = reader.list(() => readExpression(reader));
  reader.expect(")");
  return members.length === 1 ? members[0]! : { is: "row", members };
}

export function readArguments(reader: Reader): Argument[] {
  return reader.inBrackets(() => {
    if (reader.sees(")")) return [];
    reader.takes("distinct");
    return reader.list((): Argument => {
      if (reader.takes("*")) return { name: undefined, value: "*" };
      const value = readExpression(reader);
      if (value.is === "column" && reader.takes("=>")) return { name: value.name, value: readExpression(reader) };
      return { name: undefined, value };
    });
  });
}

function readCase(reader: Reader): Expression {
  const of = reader.sees("when") ? undefined : readExpression(reader);
  const when: [Expression, Expression][] = [];
  while (reader.takes("when")) {
    const condition = readExpression(reader);
    reader.expect("then");
    when.push([condition, readExpression(reader)]);
  }
  const otherwise = reader.takes("else") ? readExpression(reader) : undefined;
  reader.expect("end");
  return { is: "case", of, when, otherwise };
}
