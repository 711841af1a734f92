/** What a column, or an expression, can have for a value. Undefined is not among them: NULL is null. */
export type Value = null | number | string | boolean | Instant | Interval | Value[] | { [key: string]: Value };

/** A moment (timestamptz): ms since 1970, to the microsecond. */
export class Instant {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = Math.round(ms * 1000) / 1000;
  }
  static read(text: string): Instant {
    return new Instant(Date.parse(text));
  }
}

/** A stretch of time, in ms. */
export class Interval {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  static read(text: string): Interval {
    const match = /^(\d+(?:\.\d+)?) (second|minute|hour|day)s?$/.exec(text);
    if (!match) throw new SyntaxError(`the simulated PostgreSQL does not know the interval ${text}`);
    return new Interval(
      Number(match[1]) * { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }[match[2]!]!,
    );
  }
}

/** Less than 0, 0, or more: as ORDER BY and the comparisons have it. Neither is null. */
export function compare(a: Value, b: Value): number {
  if (a instanceof Instant && typeof b === "string") return compare(a, Instant.read(b));
  if (b instanceof Instant && typeof a === "string") return compare(Instant.read(a), b);
  const [left, right] = [plain(a), plain(b)];
  if (typeof left !== typeof right) throw new TypeError(`a ${typeof left} is compared with a ${typeof right}`);
  return left < right ? -1 : left > right ? 1 : 0;
}

function plain(value: Value): number | string {
  if (value instanceof Instant || value instanceof Interval) return value.ms;
  if (typeof value === "number" || typeof value === "string") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return JSON.stringify(value);
}

export function isSame(a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b;
  return compare(a, b) === 0;
}

/** Undefined when one of the two is null: neither true nor false. */
export function isEqual(a: Value, b: Value): boolean | null {
  return a === null || b === null ? null : compare(a, b) === 0;
}

/** A value as a column of this type, or a cast to it, makes it. */
export function asType(value: Value, type: string): Value {
  if (value === null) return null;
  if (type.endsWith("[]")) {
    if (!Array.isArray(value)) throw new TypeError(`${JSON.stringify(value)} is no array`);
    return value.map((one) => asType(one, type.slice(0, -2)));
  }
  switch (type) {
    case "bigint":
    case "integer":
    case "smallint":
      return Math.round(Number(value));
    case "double":
    case "float8":
    case "numeric":
      return Number(value);
    case "text":
      return typeof value === "boolean" ? String(value) : typeof value === "object" ? asText(value) : String(value);
    case "uuid":
      return String(value).toLowerCase();
    case "boolean":
      return typeof value === "boolean" ? value : value === "true" || value === "t";
    case "timestamptz":
      return value instanceof Instant ? value : Instant.read(String(value));
    case "jsonb":
    case "json":
      return typeof value === "string" ? (JSON.parse(value) as Value) : value;
    case "interval":
      return value instanceof Interval ? value : Interval.read(String(value));
    default:
      throw new SyntaxError(`the simulated PostgreSQL does not know the type ${type}`);
  }
}

function asText(value: Exclude<Value, null | string | number | boolean>): string {
  if (value instanceof Instant) return new Date(value.ms).toISOString();
  return JSON.stringify(value);
}

/** As our reader of PostgreSQL's answers gives it: times in ISO 8601. */
export function toAnswer(value: Value): unknown {
  if (value instanceof Instant) return new Date(Math.floor(value.ms)).toISOString();
  if (value instanceof Interval) throw new TypeError("an interval is no answer");
  return Array.isArray(value) ? value.map(toAnswer) : value;
}

/** What a client sends as a parameter. */
export function fromClient(value: unknown): Value {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return new Instant(value.getTime());
  if (Array.isArray(value)) return value.map(fromClient);
  if (typeof value === "object") return value as Value;
  return value as Value;
}
