import type { Settings } from "../settings/settings.ts";
import type { Facts } from "./facts.ts";

/** What checks are about, in the order in which they are made. */
export const categories = ["settings", "redis", "database", "queue", "storage"] as const;
export type Category = (typeof categories)[number];

/** One thing that should be true. Has a section in docs/doctor.md, under its id. */
export interface Check {
  /** Stable: scripts choose by it. Begins with its category. */
  id: string;
  category: Category;
  /** What should be true, as a sentence without its full stop. */
  statement: string;
  /** `fatal`: nothing can be staged while it is not true. `warning`: it can, but not for long, or with a risk. */
  severity: "fatal" | "warning";
  /** Checks without which this one cannot be made: it is not, when one of them has failed. They stand before it. */
  needs: readonly string[];
  /** Whether waiting may help: somebody else is about to do something. */
  mayRecover?: true;
  /** Why there is nothing to check with these settings; undefined where there is. */
  unless?(settings: Settings): string | undefined;
  /**
   * Looks. An error that it throws is a finding like {@link problem}, with the error's sentence and what it says helps.
   *
   * @param signal  aborted when the time for this check is up
   */
  run(facts: Facts, signal: AbortSignal): Promise<Finding> | Finding;
  /** The command that helps, with a word about it; shown where neither the finding nor the error behind it knows better. */
  hint: string;
  /** The hint knows better than the error: what helps a program that waits is of no help to who asks. */
  hintFirst?: true;
}

/** What a check has found. */
export type Finding =
  | { state: "ok"; words?: string | undefined }
  /** As severe as the check is. */
  | { state: "problem"; words: string; help?: string | undefined }
  /** Not as it should be, or not to be known; never fatal. */
  | { state: "warning"; words: string; help?: string | undefined }
  /** There is nothing to check. */
  | { state: "skipped"; words: string };

/** @param words  what was found, shown behind the statement */
export function ok(words?: string): Finding {
  return { state: "ok", words };
}

/** @param help  what helps, where it is not the check's own hint */
export function problem(words: string, help?: string): Finding {
  return { state: "problem", words, help };
}

export function warning(words: string, help?: string): Finding {
  return { state: "warning", words, help };
}

export function skipped(words: string): Finding {
  return { state: "skipped", words };
}

/** Sentences that are true together; none of them: all is well. */
export function unlessAny(problems: readonly string[], words?: string): Finding {
  return problems.length === 0 ? ok(words) : problem(problems.join("; "));
}
