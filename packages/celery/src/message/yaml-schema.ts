import { createRequire } from "node:module";
import type { ScalarTagDefinition, ScalarTagOptions, Schema } from "js-yaml";
import { writeIsoTime } from "./iso-time.ts";
import { isInteger } from "./plain-data.ts";
import { longestInteger } from "./python-numbers.ts";
import { PythonDate, PythonDateTime } from "./python-values.ts";
import { malformed, UndecodableMessage } from "./undecodable-message.ts";

/** Loaded when the first YAML message comes or goes: most workers see none. */
export function yamlLibrary(): typeof import("js-yaml") {
  library ??= createRequire(import.meta.url)("js-yaml") as typeof import("js-yaml");
  return library;
}

let library: typeof import("js-yaml") | undefined;

/**
 * What a plain word means to PyYAML's safe loader, pattern by pattern (PyYAML 6 `resolver.py`); libraries for YAML 1.1 or
 * 1.2 take `y`, `1e5` or `01:30` for something else. Any other tag than these is refused.
 */
export function pythonYamlSchema(purpose: "reading" | "writing"): Schema {
  schemas[purpose] ??= makeSchema(purpose === "reading");
  return schemas[purpose];
}

const schemas: { reading?: Schema; writing?: Schema } = {};

const bool = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const int = /^[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const float =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const timestamp =
  /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/;

function makeSchema(reading: boolean): Schema {
  const yaml = yamlLibrary();
  const { defineScalarTag, defineSequenceTag, defineMappingTag } = yaml;
  const notResolved: typeof yaml.NOT_RESOLVED = yaml.NOT_RESOLVED;
  const tag = (name: string) => `tag:yaml.org,2002:${name}`;

  /** When writing it only matters whether PyYAML would take a text for something else, even for something it fails on. */
  function implicit<T>(
    name: string,
    pattern: RegExp,
    read: (word: string) => T,
    rest: ToWrite<T>,
  ): ScalarTagDefinition<T> {
    const resolve = (word: string) => (pattern.test(word) ? (reading ? read(word) : (undefined as T)) : notResolved);
    return defineScalarTag<T>(tag(name), { implicit: true, resolve, ...rest });
  }

  const refuse = (name: string): never => {
    throw new UndecodableMessage("unknown-type", `the body holds a YAML tag that is not read: ${name.slice(0, 100)}`);
  };
  const any = { matchByTagPrefix: true, identify: () => false } as const;
  return new yaml.Schema([
    yaml.strTag,
    yaml.seqTag,
    { ...yaml.mapTag, create: () => Object.create(null) },
    yaml.nullYaml11Tag,
    yaml.mergeTag,
    implicit("bool", bool, (word) => /^(?:y|t|on)/i.test(word), { identify: (value) => typeof value === "boolean" }),
    implicit<number | bigint>("int", int, readInteger, {
      identify: (value) => typeof value === "bigint" || (typeof value === "number" && isInteger(value)),
    }),
    implicit("float", float, readFloat, {
      identify: (value) => typeof value === "number" && !isInteger(value),
      represent: writeFloat,
    }),
    implicit<Date | PythonDate>("timestamp", timestamp, readTimestamp, {
      identify: (value) => value instanceof Date || value instanceof PythonDate,
      represent: writeTimestamp,
    }),
    defineScalarTag<Uint8Array>(tag("binary"), {
      resolve: (text) => (/^[A-Za-z0-9+/=\s]*$/.test(text) ? Buffer.from(text, "base64") : notResolved),
      identify: (value) => value instanceof Uint8Array,
      represent: (value: Uint8Array) => Buffer.from(value).toString("base64"),
    }),
    defineScalarTag<unknown>("", { ...any, resolve: (_text, _explicit, name) => refuse(name) }),
    defineSequenceTag<unknown>("", { ...any, create: refuse, addItem: () => {} }),
    defineMappingTag<unknown>("", {
      ...{ ...any, create: refuse, addPair: () => "" },
      ...{ has: () => false, keys: () => [], get: () => null },
    }),
  ]);
}

type ToWrite<T> = Pick<ScalarTagOptions<T>, "identify" | "represent">;

function readInteger(word: string): number | bigint {
  const negative = word.startsWith("-");
  const digits = word.replace(/^[-+]/, "").replaceAll("_", "");
  if (/^0[bx]$/.test(digits)) throw malformed("a number in the YAML body has no digits");
  if (digits.length > longestInteger) throw malformed(`an integer has more than ${longestInteger} digits`);
  const size = digits.includes(":")
    ? digits.split(":").reduce((whole, part) => whole * 60n + BigInt(part), 0n)
    : BigInt(/^0[0-7]/.test(digits) ? `0o${digits}` : digits);
  const value = negative ? -size : size;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

function readFloat(word: string): number {
  const sign = word.startsWith("-") ? -1 : 1;
  const digits = word.replace(/^[-+]/, "").replaceAll("_", "").toLowerCase();
  if (digits === ".inf") return sign * Number.POSITIVE_INFINITY;
  if (digits === ".nan") return Number.NaN;
  return sign * digits.split(":").reduce((whole, part) => whole * 60 + Number(part), 0);
}

/** PyYAML takes an exponent only behind a point, and with a sign. */
function writeFloat(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const text = Object.is(value, -0) ? "-0" : String(value);
  if (text.includes("e")) return text.includes(".") ? text : text.replace("e", ".0e");
  return text.includes(".") ? text : `${text}.0`;
}

const timestampParts =
  /^(\d+)-(\d+)-(\d+)(?:[Tt \t]+(\d+):(\d+):(\d+)(?:\.(\d*))?[ \t]*(?:(Z)|([-+])(\d+)(?::(\d+))?)?)?$/;

function readTimestamp(word: string): PythonDateTime | PythonDate {
  const [, year, month, day, hour, minute, second, fraction, utc, sign, zoneHours, zoneMinutes = "00"] =
    timestampParts.exec(word) ?? [];
  const two = (digits: string | undefined) => digits!.padStart(2, "0");
  const date = `${year}-${two(month)}-${two(day)}`;
  const micros = Number(fraction ?? 0) === 0 ? "" : `.${fraction!.slice(0, 6).padEnd(6, "0")}`;
  const zone = utc ? "+00:00" : sign ? `${sign}${two(zoneHours)}:${zoneMinutes}` : "";
  try {
    return hour === undefined
      ? new PythonDate(date)
      : new PythonDateTime(`${date}T${two(hour)}:${minute}:${second}${micros}${zone}`);
  } catch (cause) {
    throw malformed("a time in the YAML body is none", cause);
  }
}

function writeTimestamp(value: Date | PythonDate): string {
  if (value instanceof PythonDate) return value.text;
  return value instanceof PythonDateTime ? value.iso : writeIsoTime(value);
}
