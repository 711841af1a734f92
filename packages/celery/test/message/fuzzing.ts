import type { TestContext } from "node:test";

/**
 * The seed of a run, told with the test's output. `FUZZ_SEED=` repeats a run, `FUZZ_RUNS=` multiplies its length.
 *
 * @param numRuns  how many cases a usual run tries
 */
export function fuzzing(t: TestContext, numRuns = 500): { seed: number; numRuns: number } {
  const seed = process.env.FUZZ_SEED ? Number(process.env.FUZZ_SEED) : Date.now() % 2 ** 31;
  t.diagnostic(`FUZZ_SEED=${seed}`);
  return { seed, numRuns: numRuns * Number(process.env.FUZZ_RUNS ?? 1) };
}
