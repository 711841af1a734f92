import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { faults } from "./faults.ts";

/** A line of the file that CHAOS_TIMES names. */
export interface Recovery {
  /** Of the test, and of its row in the table. */
  title: string;
  seconds: number;
}

/**
 * All is staged: says how long that took, holds it against what the table promises for this test, and notes it where
 * `make chaos` wants it.
 *
 * @param since  when the fault had struck, or ended, by `performance.now()`
 */
export async function recovered(t: TestContext, since: number): Promise<void> {
  const seconds = Math.round((performance.now() - since) / 100) / 10;
  const row = faults.find(({ title }) => title === t.name);
  assert.ok(row, `${t.name} has no row in the table`);
  t.diagnostic(`all was staged ${seconds} s after the fault${row.lasts ? "'s end" : ""}`);
  assert.ok(seconds < row.within, `it took ${seconds} s, promised are ${row.within}`);
  if (!process.env.CHAOS_TIMES) return;
  await appendFile(process.env.CHAOS_TIMES, `${JSON.stringify({ title: row.title, seconds } satisfies Recovery)}\n`);
}
