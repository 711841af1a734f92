import { isUtf8 } from "node:buffer";
import { writeIsoTime } from "./iso-time.ts";
import { PythonDate, PythonDateTime, PythonDecimal, PythonTime, PythonUuid } from "./python-values.ts";
import { malformed, shown, UndecodableMessage } from "./undecodable-message.ts";
import { UnencodableValue } from "./unencodable-value.ts";

/**
 * Reads `{"__type__": type, "__value__": value}`, the form in which kombu >= 5.3 writes what JSON has no form for
 * (kombu 5.6 `utils/json.py`). As there, an unknown type is an error.
 *
 * @throws {UndecodableMessage} `unknown-type`, `malformed`
 */
export function readTyped(type: unknown, value: unknown): unknown {
  const read = typeof type === "string" ? readers.get(type) : undefined;
  if (!read)
    throw new UndecodableMessage("unknown-type", `the message holds a value of the unknown type ${shown(type)}`);
  try {
    return read(value);
  } catch (cause) {
    throw malformed(`the message holds a bad value of type ${shown(type)}`, cause);
  }
}

const readers = new Map<string, (value: unknown) => unknown>([
  ["datetime", (value) => new PythonDateTime(text(value))],
  ["date", (value) => new PythonDate(text(value).slice(0, 10))],
  ["time", (value) => new PythonTime(text(value))],
  ["decimal", (value) => new PythonDecimal(text(value))],
  ["uuid", (value) => new PythonUuid(text((value as { hex?: unknown } | null)?.hex))],
  ["bytes", (value) => Buffer.from(wellFormed(text(value)), "utf8")],
  ["base64", (value) => Buffer.from(text(value), "base64")],
]);

/**
 * What stands in JSON for a value that JSON has no form for; undefined when it is none of those.
 *
 * @param plain  write what kombu < 5.3 wrote: texts, that the other side has to know for what they are
 * @throws {UnencodableValue}
 */
export function writeTyped(value: object, plain: boolean): unknown {
  if (value instanceof Date) return writeDateTime(value, plain);
  if (value instanceof PythonDate) return plain ? `${value.text}T00:00:00` : typed("date", value.text);
  if (value instanceof PythonTime) return plain ? value.text : typed("time", value.text);
  if (value instanceof PythonDecimal) return plain ? value.text : typed("decimal", value.text);
  if (value instanceof PythonUuid) return plain ? value.text : typed("uuid", { hex: value.hex });
  if (value instanceof Uint8Array) return writeBytes(value, plain);
  return undefined;
}

function writeDateTime(time: Date, plain: boolean): unknown {
  if (Number.isNaN(time.getTime())) throw new UnencodableValue("a Date that is no time cannot be sent");
  const iso = time instanceof PythonDateTime ? time.iso : writeIsoTime(time);
  return plain ? iso.replace(/\+00:00$/, "Z") : typed("datetime", iso);
}

function writeBytes(bytes: Uint8Array, plain: boolean): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return plain ? buffer.toString("utf8") : typed("bytes", buffer.toString("utf8"));
  if (plain) throw new UnencodableValue("bytes that are no UTF-8 text cannot be sent as JSON to kombu before 5.3");
  return typed("base64", buffer.toString("base64"));
}

function typed(type: string, value: unknown): unknown {
  return { __type__: type, __value__: value };
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("not a text");
  return value;
}

function wellFormed(value: string): string {
  if (!value.isWellFormed()) throw new TypeError("half a surrogate pair");
  return value;
}
