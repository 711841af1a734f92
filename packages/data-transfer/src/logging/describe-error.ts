import { DataTransferError } from "../errors/data-transfer-error.ts";

/** An error as it stands in a log line: its code and facts, its causes, and with `verbose` its stack. */
export function describeError(error: unknown, verbose: boolean, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(error instanceof DataTransferError ? { kind: error.kind, facts: error.facts } : {}),
    ...(error.cause !== undefined && depth < 5 ? { cause: describeError(error.cause, verbose, depth + 1) } : {}),
    ...(verbose ? { stack: error.stack } : {}),
  };
}
