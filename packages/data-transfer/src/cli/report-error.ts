import { writeFileSync } from "node:fs";
import { InternalError } from "../errors/internal.ts";
import { redact, redactValue } from "../logging/redact.ts";
import { type Streams, snakeCased } from "./output/create-output.ts";

/** What the user is told of an error, whichever package it comes from. */
export interface ErrorReport {
  code: string;
  kind: string;
  message: string;
  help: string;
  facts: Readonly<Record<string, unknown>>;
}

export interface ReportOptions {
  json: boolean;
  /** Print the stack, too. */
  verbose: boolean;
  /** Kubernetes shows what stands in this file as the reason of the container's end; written only where it exists. */
  terminationLog: string;
  /** What helps here, where it is not what the error says. */
  help?: string;
}

/** Tells an error that ends the program: sentence, code and what helps; and as JSON on stdout where that is asked for. */
export function reportError(error: unknown, streams: Streams, options: ReportOptions): void {
  const { json, verbose, terminationLog } = options;
  const own = describe(error);
  const report = { ...own, help: options.help ?? own.help };
  const sentence = redact(`error: ${report.message} [${report.code}]`);
  streams.stderr.write(`${sentence}\ntry: ${redact(report.help)}\n`);
  if (verbose && error instanceof Error) streams.stderr.write(`${redact(stackOf(error))}\n`);
  if (json) streams.stdout.write(`${JSON.stringify({ error: redactValue(snakeCased(report)) }, undefined, 2)}\n`);
  writeTerminationLog(terminationLog, sentence);
}

function describe(error: unknown): ErrorReport {
  const known = isCoded(error) ? error : new InternalError(error);
  return { code: known.code, kind: known.kind, message: known.message, help: known.help, facts: known.facts ?? {} };
}

/** An error of ours, or of the celery package: both have the same shape. */
function isCoded(error: unknown): error is ErrorReport & Error {
  if (!(error instanceof Error)) return false;
  const { code, help, kind } = error as Partial<ErrorReport>;
  return typeof code === "string" && code.startsWith("CDT-") && typeof help === "string" && typeof kind === "string";
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}

/** Kubernetes keeps the last 4096 bytes. */
function writeTerminationLog(path: string, sentence: string): void {
  try {
    writeFileSync(path, `${sentence}\n`.slice(0, 4000), { flag: "r+" });
  } catch {
    // There is none, or it is not ours to write: the sentence stands on stderr.
  }
}
