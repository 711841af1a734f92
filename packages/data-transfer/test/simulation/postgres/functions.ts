import { compare, Instant, Interval, type Value } from "./values.ts";

/** What a function may look at, or do, besides its arguments. */
export interface Surroundings {
  now: Instant;
  /** The clock itself, which goes on within a transaction. */
  moment: Instant;
  schema: string;
  newUuid(): string;
  notify(channel: string, payload: string): void;
  /** Whether the transaction has, or gets, this advisory lock. */
  tryLock(key: string): boolean;
}

type Call = (args: Value[], around: Surroundings, names: (string | undefined)[]) => Value;

/** Those that our statements call. Strict ones, which are null when an argument is, say so by themselves. */
export const functions: Readonly<Record<string, Call>> = {
  now: (_args, { now }) => now,
  clock_timestamp: (_args, { moment }) => moment,
  epoch: ([value]) =>
    value instanceof Instant || value instanceof Interval ? Math.round(value.ms * 1000) / 1e6 : null,
  regexp_replace: ([text, pattern, by]) =>
    text === null ? null : String(text).replace(new RegExp(String(pattern)), String(by)),
  current_schema: (_args, { schema }) => schema,
  gen_random_uuid: (_args, { newUuid }) => newUuid(),
  nullif: ([a, b]) => (a !== null && b !== null && compare(a!, b!) === 0 ? null : a!),
  greatest: (args) => extreme(args, 1),
  least: (args) => extreme(args, -1),
  power: ([base, exponent]) => (base === null || exponent === null ? null : Number(base) ** Number(exponent)),
  make_interval: ([amount], _around, [name]) => {
    if (name !== "secs") throw new SyntaxError(`the simulated make_interval knows no ${name}`);
    return amount === null ? null : new Interval(Number(amount) * 1000);
  },
  json_build_object: (args) =>
    Object.fromEntries(Array.from({ length: args.length / 2 }, (_, i) => [String(args[2 * i]), args[2 * i + 1]!])),
  num_nonnulls: (args) => args.filter((arg) => arg !== null).length,
  jsonb_typeof: ([value]) => (value === null ? null : Array.isArray(value) ? "array" : typeof value),
  hashtextextended: ([text, seed]) => `${text}#${seed}`,
  pg_try_advisory_xact_lock: ([key], { tryLock }) => tryLock(String(key)),
  pg_notify: ([channel, payload], { notify }) => {
    notify(String(channel), typeof payload === "string" ? payload : JSON.stringify(payload));
    return "";
  },
};

function extreme(args: Value[], sign: 1 | -1): Value {
  const known = args.filter((arg) => arg !== null);
  return known.reduce<Value>((best, arg) => (best === null || compare(arg, best) * sign > 0 ? arg : best), null);
}

/** Functions over all rows of a group. */
export const aggregates: Readonly<Record<string, (values: Value[]) => Value>> = {
  count: (values) => values.filter((value) => value !== null).length,
  max: (values) => extreme(values, 1),
  min: (values) => extreme(values, -1),
  sum: (values) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce<number>((sum, value) => sum + Number(value), 0);
  },
  bool_or: (values) => values.some((value) => value === true),
};

/** Addition and the like, of numbers, times and stretches of time. */
export function calculate(sign: string, a: Value, b: Value): Value {
  if (a === null || b === null) return null;
  if (sign === "||") return `${a}${b}`;
  if (sign === "~") return new RegExp(String(b)).test(String(a));
  if (sign === "like") return isLike(String(a), String(b));
  if (a instanceof Instant || b instanceof Instant || a instanceof Interval || b instanceof Interval) {
    return calculateTime(sign, a, b);
  }
  const [left, right] = [Number(a), Number(b)];
  switch (sign) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      // bigint by bigint is a bigint.
      return Number.isInteger(left) && Number.isInteger(right) ? Math.trunc(left / right) : left / right;
    default:
      throw new SyntaxError(`the simulated PostgreSQL does not calculate with ${sign}`);
  }
}

function isLike(text: string, pattern: string): boolean {
  const parts = pattern.split("%").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("_", "."));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(text);
}

function calculateTime(sign: string, a: Value, b: Value): Value {
  if (a instanceof Instant && b instanceof Interval) {
    return new Instant(sign === "+" ? a.ms + b.ms : a.ms - b.ms);
  }
  if (a instanceof Instant && b instanceof Instant && sign === "-") return new Interval(a.ms - b.ms);
  if (a instanceof Interval && b instanceof Interval) return new Interval(sign === "+" ? a.ms + b.ms : a.ms - b.ms);
  if (sign === "*" && a instanceof Interval) return new Interval(a.ms * Number(b));
  if (sign === "*" && b instanceof Interval) return new Interval(b.ms * Number(a));
  throw new SyntaxError(`the simulated PostgreSQL does not calculate this with ${sign}`);
}
