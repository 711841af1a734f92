import assert from "node:assert/strict";
import { test } from "node:test";
import { inlinePool } from "../../src/worker/pool/inline.ts";
import { poolConformance } from "./pool.conformance.ts";
import { aJob, ended, started } from "./pool-world.ts";

poolConformance("inline", inlinePool);

test("a function that goes on after its task was ended keeps its place until it really returns", async (t) => {
  const pool = await started(t, inlinePool({ concurrency: 1, grace: 10 }));
  const function_ = Promise.withResolvers<void>();
  const deaf = aJob({ name: "deaf", run: () => function_.promise }, { hard: 0.01 });
  assert.deepEqual(await ended(pool, deaf), { kind: "timed-out", seconds: 0.01 });

  const next = aJob({ name: "next", run: async () => "its turn" });
  const end = ended(pool, next);
  const { running, zombies, waiting } = pool.facts();
  assert.deepEqual({ running, zombies, waiting, began: next.began }, { running: 0, zombies: 1, waiting: 1, began: [] });
  assert.equal(pool.terminate(deaf.id, "KILL"), false);

  function_.resolve();
  assert.deepEqual(await end, { kind: "returned", value: "its turn" });
  assert.equal(pool.facts().zombies, 0);
});
