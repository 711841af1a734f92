import assert from "node:assert/strict";
import type { Production, RunOptions } from "../processes/production.ts";

/** A check as `--output json` tells it. */
export interface Found {
  id: string;
  result: string;
  message: string | null;
  code: string | null;
  help: string | null;
}

export interface Checkup {
  code: number;
  /** By id. */
  found: ReadonlyMap<string, Found>;
  /** `id` of every check with one of these results. */
  ids(...results: string[]): string[];
  /** Asserts a check's result, what is said about it, and its code. */
  says(id: string, result: string, message?: RegExp, code?: string): void;
}

/** Runs the doctor as a process. */
export async function checkUp(
  production: Production,
  args: readonly string[] = [],
  settings: RunOptions["settings"] = {},
): Promise<Checkup> {
  const ran = await production.run(["doctor", "--output", "json", ...args], { settings });
  assert.ok(ran.code < 2, ran.stderr);
  const all = ran.json.categories.flatMap(({ checks }: { checks: Found[] }) => checks) as Found[];
  const found = new Map(all.map((one) => [one.id, one]));
  assert.equal(ran.json.success, ran.code === 0);
  return {
    code: ran.code,
    found,
    ids: (...results) => all.filter(({ result }) => results.includes(result)).map(({ id }) => id),
    says(id, result, message = /(?:)/, code) {
      const one = found.get(id);
      assert.equal(one?.result, result, `${id}: ${JSON.stringify(one)}`);
      assert.match(one?.message ?? "", message, id);
      if (code !== undefined) assert.equal(one?.code, code, id);
      if (result === "failure" || result === "warning") assert.ok(one?.help, `${id} says what helps`);
    },
  };
}
