import * as z from "zod";
import { Secret } from "./secret.ts";
import { parseDuration, parseSize } from "./units.ts";

/** One setting as data: how a value is checked, what it is without one, and what people are told about it. */
export interface Setting<T> {
  kind: "text" | "secret" | "choice" | "integer" | "boolean" | "duration" | "size" | "list" | "mode";
  /** What the message says when a value does not fit: "expected …". */
  expected: string;
  schema: z.ZodType<T>;
  /** As one would write it in a file; undefined: there is none. */
  fallback: unknown;
  /** Without a value the program does not start. */
  required: boolean;
  description: string;
}

/** A text is taken as it stands: a variable `CCAT_DATA_TRANSFER_REDIS__USERNAME=123` is the name `123`. */
export function text(description: string, fallback?: string, form?: Form): Setting<string> {
  const { pattern, expected } = form ?? { pattern: /./s, expected: "a text that is not empty" };
  return define("text", expected, z.string().regex(pattern), description, fallback);
}

/** What a text must look like, and how that is said. */
export interface Form {
  pattern: RegExp;
  expected: string;
}

/** Never printed, logged or kept in the environment; may also be given as the name of a file, by `<key>_file`. */
export function secret(description: string): Setting<Secret | undefined> {
  const schema = z
    .string()
    .min(1)
    .transform((value) => new Secret(value));
  return optional(define<Secret>("secret", "a text that is not empty", schema, description, undefined));
}

export function choice<const C extends string>(description: string, among: readonly C[], fallback: C): Setting<C> {
  return define("choice", `one of ${among.join(", ")}`, z.enum(among), description, fallback);
}

export function flag(description: string, fallback: boolean): Setting<boolean> {
  return define("boolean", "true or false", z.boolean(), description, fallback);
}

/** A whole number between `least` and `most`, both allowed. */
export function whole(description: string, least: number, most: number, fallback?: number): Setting<number> {
  const schema = z.number().int().min(least).max(most);
  return define("integer", `a whole number from ${least} to ${most}`, schema, description, fallback);
}

export function port(description: string, fallback: number, least = 1): Setting<number> {
  return whole(description, least, 65_535, fallback);
}

/** Seconds, at least `least`; in a file also `"30s"`, `"14d"`, `"1h30m"`. */
export function duration(description: string, fallback: string, least = 0.001): Setting<number> {
  const schema = z.unknown().transform(read(parseDuration)).pipe(z.number().min(least));
  const bound = least > 0.001 ? ` of at least ${least} seconds` : least > 0 ? " above 0" : "";
  const expected = `a duration${bound}: seconds, or text like "30s", "1h30m", "14d"`;
  return define("duration", expected, schema, description, fallback);
}

/** Bytes, at least `least`; in a file also `"1 TiB"`, `"500 MB"`, `"10Gi"`. */
export function size(description: string, fallback: string, least = 0): Setting<number> {
  const schema = z.unknown().transform(read(parseSize)).pipe(z.number().min(least));
  const bound = least > 0 ? ` of at least ${least} bytes` : "";
  const expected = `a size${bound}: bytes, or text like "500 MB", "1 TiB", "10Gi"`;
  return define("size", expected, schema, description, fallback);
}

/** A list of texts; a text is split at its commas. */
export function list(
  description: string,
  fallback: readonly string[],
  entry: Form = { pattern: /./, expected: "texts" },
): Setting<readonly string[]> {
  const schema = z.preprocess(
    (value) => (typeof value === "string" ? splitAtCommas(value) : value),
    z.array(z.string().regex(entry.pattern)),
  );
  return define<readonly string[]>("list", `a list of ${entry.expected}`, schema, description, fallback);
}

/** Permission bits, in octal: `"0640"`. */
export function mode(description: string, fallback: string): Setting<number> {
  const schema = z
    .string()
    .regex(/^(0o?)?[0-7]{3,4}$/)
    .transform((value) => Number.parseInt(value.replace(/^0o/, ""), 8));
  return define("mode", 'permission bits as text in octal, like "0640"', schema, description, fallback);
}

/** The same setting, but it may be absent. */
export function optional<T>(setting: Setting<T>): Setting<T | undefined> {
  return { ...setting, schema: setting.schema.optional(), required: false };
}

function define<T>(
  kind: Setting<T>["kind"],
  expected: string,
  schema: z.ZodType<T>,
  description: string,
  fallback: unknown,
): Setting<T> {
  return { kind, expected, schema, fallback, required: fallback === undefined, description };
}

function read(parse: (value: unknown) => number | undefined) {
  return (value: unknown, context: z.RefinementCtx): number => {
    const number = parse(value);
    if (number !== undefined) return number;
    context.addIssue({ code: "custom", message: "not readable" });
    return z.NEVER;
  };
}

function splitAtCommas(value: string): string[] {
  return value
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
