import { type DestinationStream, type Level, type Logger, pino } from "pino";
import type { Stream } from "./output.ts";

/** Celery's names of levels, and pino's. */
export const logLevels: Readonly<Record<string, Level>> = {
  DEBUG: "debug",
  INFO: "info",
  WARNING: "warn",
  ERROR: "error",
  CRITICAL: "fatal",
  FATAL: "fatal",
};

export interface LogOptions {
  level: Level;
  /** For people, not for programs. */
  pretty: boolean;
  color: boolean;
  /** Where lines go; by default the process' stderr, each at once, so that none is lost when the process ends. */
  sink?: Stream;
}

/** The program's log: one line an event, as JSON or for people, with the level's name. */
export function createLog({ level, pretty, color, sink }: LogOptions): Logger {
  const stderr = sink ?? pino.destination({ dest: 2, sync: true });
  const destination: DestinationStream = pretty
    ? { write: (line) => void stderr.write(`${prettyLine(JSON.parse(line) as Record<string, unknown>, color)}\n`) }
    : { write: (line) => void stderr.write(line) };
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

const colors: Readonly<Record<string, string>> = {
  trace: "90",
  debug: "90",
  info: "36",
  warn: "33",
  error: "31",
  fatal: "31",
};

/** A log line for people: `12:00:03 info  message  key=value`. An error's stack follows on lines of its own. */
export function prettyLine(entry: Readonly<Record<string, unknown>>, color: boolean): string {
  const { level, time, msg, err, ...rest } = entry;
  const name = String(level);
  const paint = (code: string | undefined, text: string) => (color && code ? `\u001b[${code}m${text}\u001b[0m` : text);
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${brief(value)}`);
  const { message, stack } = Object(err) as { message?: string; stack?: string };
  const parts = [
    paint("90", String(time).slice(11, 19)),
    paint(colors[name], name.padEnd(5)),
    msg === undefined ? "" : String(msg),
    message === undefined ? "" : `(${message})`,
    fields.length > 0 ? paint("90", fields.join(" ")) : "",
  ];
  const trace = stack === undefined ? "" : `\n${stack}`;
  return parts.filter((part) => part !== "").join(" ") + trace;
}

function brief(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
