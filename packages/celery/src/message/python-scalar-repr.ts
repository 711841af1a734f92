import { writeIsoTime } from "./iso-time.ts";
import { PythonDate, PythonDateTime, PythonDecimal, PythonTime, PythonUuid } from "./python-values.ts";

/** Python's repr of a value that has no members; undefined for one that has, for texts and for bytes. */
export function scalarRepr(value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      return floatRepr(value);
    case "boolean":
      return value ? "True" : "False";
    case "object":
      return value === null ? "None" : objectRepr(value);
    case "undefined":
      return "None";
    default:
      return String(value);
  }
}

function objectRepr(value: object): string | undefined {
  if (value instanceof PythonDateTime) return dateTimeRepr(value.iso);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "None" : dateTimeRepr(writeIsoTime(value));
  if (value instanceof PythonDate) return `datetime.date(${numbers(value.text.split("-"))})`;
  if (value instanceof PythonTime) return `datetime.time(${clock(value.text)})`;
  if (value instanceof PythonDecimal) return `Decimal('${value.text}')`;
  if (value instanceof PythonUuid) return `UUID('${value.text}')`;
  return undefined;
}

/** Python writes an exponent of at least two digits, and uses one from 1e16 upwards and below 1e-4. */
function floatRepr(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? "-0.0" : String(value);
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  const plain = size >= 1e-4 && size < 1e16;
  const text = plain ? String(value) : value.toExponential();
  return /[.e]/.test(text) ? text.replace(/e([+-])(\d)$/, "e$10$2") : `${text}.0`;
}

function dateTimeRepr(iso: string): string {
  const [date, time = "00:00"] = iso.split(/[T ]/) as [string, string?];
  return `datetime.datetime(${numbers(date.split("-"))}, ${clock(time)})`;
}

/** Hour and minute; seconds, microseconds and zone where there are any. */
function clock(text: string): string {
  const [, time = "", zone] = /^([\d:.,]*)(.*)$/.exec(text)!;
  const [hour = "0", minute = "0", seconds = "0"] = time.split(":");
  const [second = "0", fraction = ""] = seconds.split(/[.,]/);
  const micros = fraction.slice(0, 6).padEnd(6, "0");
  const parts = [hour, minute, second, micros];
  while (parts.length > 2 && Number(parts.at(-1)) === 0) parts.pop();
  return numbers(parts) + (zone ? `, tzinfo=${zoneRepr(zone)}` : "");
}

function zoneRepr(zone: string): string {
  const [hours = "0", minutes = "0", seconds = "0"] = zone.replace(/^[+-]?/, "").match(/\d\d(\.\d+)?/g) ?? [];
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Math.trunc(Number(seconds));
  if (size === 0) return "datetime.timezone.utc";
  const delta = zone.startsWith("-") ? `days=-1, seconds=${86_400 - size}` : `seconds=${size}`;
  return `datetime.timezone(datetime.timedelta(${delta}))`;
}

function numbers(texts: readonly string[]): string {
  return texts.map(Number).join(", ");
}
