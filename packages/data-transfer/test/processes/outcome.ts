import assert from "node:assert/strict";
import { jobItems } from "../../src/opsdb/jobs.ts";
import { assertStaged } from "./packages.ts";
import type { Production } from "./production.ts";

export interface Outcome {
  /** Packages that are visible, byte for byte; nothing else is. */
  staged: readonly string[];
  /** Status and code of each item of job 1. */
  items: readonly [status: string, code: string | undefined][];
}

/** What every failure must leave: on disk, in the database, and in the queue, where no message waits or is held. */
export async function expectOutcome(production: Production, { staged, items }: Outcome): Promise<void> {
  await assertStaged(production, staged);
  const found = await jobItems(production.db, 1);
  assert.deepEqual(
    found.map(({ status, errorCode }) => [status, errorCode]),
    items,
  );
  const { json } = await production.run(["list-queues", "ramses_processing", "--output", "json"]);
  assert.deepEqual([json[0].waiting, json[0].unacked], [0, 0]);
}

/** With everything in its place again, what was asked for before is staged. */
export async function expectGoesOn(production: Production, packages: readonly string[]): Promise<void> {
  await production.start(["manager"]);
  await production.start(["worker", "--location", "ramses_processing"]);
  const { code, stderr } = await production.run(["stage", "wait", "1", "--timeout", "60s"]);
  assert.equal(code, 0, stderr);
  await expectOutcome(production, { staged: packages, items: packages.map(() => ["completed", undefined]) });
}
