import pino, { type DestinationStream, type Logger } from "pino";
import type { Settings } from "../settings/settings.ts";
import { describeError } from "./describe-error.ts";
import { prettyLine } from "./pretty.ts";
import { redactJson, registerSecretsIn } from "./redact.ts";

export interface LoggerOptions {
  /** Whether stderr is a terminal: then lines are pretty unless the settings say otherwise. */
  terminal: boolean;
  color: boolean;
  /** Where lines go; stderr by default. */
  sink?: { write(line: string): unknown };
}

/**
 * The program's log: one line an event on stderr, JSON or pretty, and no registered secret in any of them. Registers the
 * secrets of the settings by itself. Lines are written at once, so that none is lost when the process ends.
 */
export function createLogger(settings: Settings, { terminal, color, sink = stderr() }: LoggerOptions): Logger {
  registerSecretsIn(settings);
  const { level, format } = settings.logging;
  const pretty = format === "pretty" || (format === "auto" && terminal);
  const destination: DestinationStream = {
    write(line) {
      const clean = redactJson(line.trimEnd());
      sink.write(`${pretty ? prettyLine(JSON.parse(clean) as Record<string, unknown>, color) : clean}\n`);
    },
  };
  const verbose = level === "debug" || level === "trace";
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => describeError(error, verbose) },
    },
    destination,
  );
}

function stderr(): DestinationStream {
  return pino.destination({ dest: 2, sync: true });
}
