import { CeleryError } from "../celery-error.ts";
import { maskPasswords } from "./mask.ts";
import { printable, type Stream } from "./output.ts";

/** Tells an error that ends the program: a sentence with its code, and what helps; as JSON on stdout where that is asked for. */
export function reportError(
  error: unknown,
  { stdout, stderr }: { stdout: Stream; stderr: Stream },
  json: boolean,
): void {
  const { code, message, help } = describe(error);
  stderr.write(`error: ${message} [${code}]\ntry: ${help}\n`);
  if (!(error instanceof CeleryError) && error instanceof Error) stderr.write(`${maskPasswords(error.stack ?? "")}\n`);
  if (json) stdout.write(`${JSON.stringify({ error: { code, message, help } }, undefined, 2)}\n`);
}

function describe(error: unknown): { code: string; message: string; help: string } {
  const message = printable(maskPasswords(error instanceof Error ? error.message : String(error)));
  if (error instanceof CeleryError) return { code: error.code, message, help: error.help };
  return {
    code: "CDT-CELERY-INTERNAL",
    message: `something happened that is not foreseen: ${message}`,
    help: "celery-node report   # send what it prints, and the lines below, to the people who keep this package",
  };
}
