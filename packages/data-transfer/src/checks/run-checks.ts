import { setTimeout as pause } from "node:timers/promises";
import { DataTransferError } from "../errors/data-transfer-error.ts";
import type { Check, Finding } from "./check.ts";
import type { Facts } from "./facts.ts";

/** What became of one check. */
export interface CheckReport extends Pick<Check, "id" | "category" | "statement" | "severity"> {
  /** `not-run`: another check, without which it cannot be made, has failed. `skipped`: there is nothing to check. */
  result: "ok" | "warning" | "failure" | "skipped" | "not-run";
  /** What was found, or why nothing was. */
  words: string | undefined;
  /** Code of the error behind it; has an entry in docs/error-codes.md. */
  code: string | undefined;
  /** What helps, where something is wrong. */
  help: string | undefined;
}

export interface RunOptions {
  signal: AbortSignal;
  /** Seconds in all that are waited for what may recover. */
  wait?: number;
  /** Told when something is waited for: what was found this time. */
  onWait?(check: Check, words: string): void;
  /** Seconds for one check; 30 by default. */
  deadline?: number;
  /** Seconds between two looks at what may recover; 5 by default. */
  every?: number;
}

/**
 * Makes checks, one after the other, in the order given. One that has failed does not keep from being made what does not
 * need it.
 *
 * @throws the signal's reason
 */
export async function runChecks(
  checks: readonly Check[],
  facts: Facts,
  { signal, wait = 0, onWait, deadline = 30, every = 5 }: RunOptions,
): Promise<CheckReport[]> {
  const until = performance.now() + wait * 1000;
  const reports: CheckReport[] = [];
  for (const check of checks) {
    const obstacle = obstacleTo(check, reports);
    reports.push(obstacle === undefined ? await settled(check) : notRun(check, obstacle));
  }
  return reports;

  async function settled(check: Check): Promise<CheckReport> {
    for (;;) {
      const report = reportOf(check, await lookOnce(check, facts, deadline * 1000, signal));
      signal.throwIfAborted();
      const left = until - performance.now();
      if (report.result !== "failure" || !check.mayRecover || left <= 0) return report;
      onWait?.(check, report.words ?? "");
      await pause(Math.min(every * 1000, left), undefined, { signal }).catch(() => signal.throwIfAborted());
      facts.forget();
    }
  }
}

/** For settings that cannot be used: the first check has failed, and no other can be made. */
export function reportWithoutSettings(checks: readonly Check[], error: DataTransferError): CheckReport[] {
  return checks.map((check, index) =>
    index === 0 ? reportOf(check, error) : notRun(check, `${checks[0]!.id} has failed`),
  );
}

/** The checks that were asked for, with those that they need. */
export function withNeeds(all: readonly Check[], wanted: (check: Check) => boolean): Check[] {
  const chosen = new Set<string>();
  // From the last on: what a check needs stands before it.
  for (const check of all.toReversed()) {
    if (!wanted(check) && !chosen.has(check.id)) continue;
    for (const id of [check.id, ...check.needs]) chosen.add(id);
  }
  return all.filter(({ id }) => chosen.has(id));
}

async function lookOnce(
  check: Check,
  facts: Facts,
  deadline: number,
  signal: AbortSignal,
): Promise<Finding | DataTransferError> {
  const why = check.unless?.(facts.settings);
  if (why !== undefined) return { state: "skipped", words: why };
  const time = new AbortController();
  const timer = setTimeout(() => time.abort(), deadline);
  const stop = AbortSignal.any([signal, time.signal]);
  try {
    const given = new Promise<never>((_, reject) => stop.addEventListener("abort", () => reject(stop.reason)));
    given.catch(() => {});
    return await Promise.race([(async () => check.run(facts, stop))(), given]);
  } catch (error) {
    signal.throwIfAborted();
    if (time.signal.aborted) return { state: "problem", words: `no answer within ${deadline / 1000} s` };
    if (error instanceof DataTransferError) return error;
    return { state: "problem", words: `it cannot be found out: ${(error as Error).message}` };
  } finally {
    clearTimeout(timer);
  }
}

function reportOf(check: Check, found: Finding | DataTransferError): CheckReport {
  const own = about(check);
  const atWorst = check.severity === "fatal" ? "failure" : "warning";
  if (found instanceof DataTransferError) {
    const help = check.hintFirst ? check.hint : found.help;
    return { ...own, result: atWorst, words: found.message, code: found.code, help };
  }
  const { state, words } = found;
  if (state === "ok" || state === "skipped") return { ...own, result: state, words, code: undefined, help: undefined };
  const result = state === "warning" ? "warning" : atWorst;
  return { ...own, result, words, code: undefined, help: found.help ?? check.hint };
}

function notRun(check: Check, words: string): CheckReport {
  return { ...about(check), result: "not-run", words, code: undefined, help: undefined };
}

function about({
  id,
  category,
  statement,
  severity,
}: Check): Pick<Check, "id" | "category" | "statement" | "severity"> {
  return { id, category, statement, severity };
}

/**
 * Why a check cannot be made; undefined where it can. It names what is to be mended: a check that could not be made itself
 * hands on why. A warning is no obstacle, and neither is what was skipped.
 */
function obstacleTo({ needs }: Check, reports: readonly CheckReport[]): string | undefined {
  const missing = reports.find(
    ({ id, result }) => needs.includes(id) && (result === "failure" || result === "not-run"),
  );
  return missing?.result === "not-run" ? missing.words : missing && `${missing.id} has failed`;
}
