import assert from "node:assert/strict";
import { test } from "node:test";
import { generateOf } from "./generate.ts";
import { mutate, mutations } from "./mutations.ts";
import { simulate } from "./world.ts";

/** Seeds of each kind within which a mutation must be caught. */
const patience = 300;

for (const mutation of mutations) {
  test(`it is seen when ${mutation.name}`, async (t) => {
    const { alter, unused } = mutate(mutation);
    for (let seed = 0; seed < patience; seed++) {
      for (const kind of mutation.kinds) {
        const { violation, tale } = await simulate(generateOf(kind, seed), { alter });
        if (!violation) continue;
        assert.ok(mutation.caughtAs.includes(violation.rule), `caught as another fault: ${violation.message}\n${tale}`);
        assert.deepEqual(unused(), [], "these texts are not in the scripts");
        t.diagnostic(`${violation.rule}, seed ${seed} (${kind})`);
        return;
      }
    }
    assert.deepEqual(unused(), [], "these texts are not in the scripts");
    assert.fail(`not seen in ${patience} seeds of ${mutation.kinds}`);
  });
}
