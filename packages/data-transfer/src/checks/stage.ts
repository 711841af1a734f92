import type { Finding } from "./check.ts";
import { ok } from "./check.ts";

// biome-ignore lint/suspicious/noExplicitAny: classes of every constructor.
type AnyClass = abstract new (...args: any[]) => Error;

/**
 * One attempt to connect passes several stages, each a check of its own: this one is concerned by errors of these classes
 * alone. Whatever else went wrong happened later, and is told by a later check.
 *
 * @throws the error, if it is one of these
 */
export async function passes(
  attempt: Promise<unknown>,
  classes: readonly AnyClass[],
  words?: string,
): Promise<Finding> {
  try {
    await attempt;
  } catch (error) {
    if (classes.some((one) => error instanceof one) || isUnforeseen(error)) throw error;
  }
  return ok(words);
}

/** Not one of ours: no stage would be concerned. */
function isUnforeseen(error: unknown): boolean {
  return typeof (error as { kind?: unknown }).kind !== "string";
}
