import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { campaign } from "./campaign.ts";
import { memoryDirectory } from "./memory-directory.ts";
import { startWatchdog } from "./watchdog.ts";

/**
 * Runs a campaign as a test, and asserts that it has seen enough of everything. `FUZZ_SEED=` repeats one, `FUZZ_RUNS=`
 * multiplies its length.
 */
export async function testCampaign(t: TestContext, length: { seconds: number; leastCases: number }): Promise<void> {
  const seed = process.env.FUZZ_SEED ? Number(process.env.FUZZ_SEED) : Date.now() % 2 ** 31;
  const runs = Number(process.env.FUZZ_RUNS ?? 1);
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const leastCases = length.leastCases * runs;
  const counts = await campaign({
    ...{ seed, leastCases, milliseconds: length.seconds * 1000 * runs },
    ...{ world: await memoryDirectory(t), onCase: startWatchdog(t) },
  });
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.cases >= leastCases);
  assert.equal(counts.accepted + counts.refused, counts.cases);
  const { accepted, strange, refused, unpacked, byCode } = counts;
  for (const [what, count, least] of [
    ["tars that were read, and compared with GNU tar's tree", accepted, 0.1],
    ["of those, not made by GNU tar", strange, 0.05],
    ["refusals", refused, 0.3],
    ["tars that were unpacked to a disk", unpacked, 0.1],
    ["CDT-TAR-DAMAGED", byCode["CDT-TAR-DAMAGED"], 0.2],
    ["CDT-UNSAFE-MEMBER", byCode["CDT-UNSAFE-MEMBER"], 0.03],
    ["CDT-DUPLICATE-MEMBER", byCode["CDT-DUPLICATE-MEMBER"], 0.001],
    ["CDT-TAR-LIMIT", byCode["CDT-TAR-LIMIT"], 0.0002],
  ] as const) {
    assert.ok((count ?? 0) >= least * counts.cases, `${what}: only ${count} of ${counts.cases}`);
  }
}
