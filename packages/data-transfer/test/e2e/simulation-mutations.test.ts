import assert from "node:assert/strict";
import { test } from "node:test";
import { generateOf } from "../simulation/generate.ts";
import { mutations } from "../simulation/mutations.ts";
import { loadProduct } from "../simulation/product/load.ts";
import { simulate } from "../simulation/world.ts";

/** Seeds of each kind within which a mutation must be caught. */
const patience = 150;

for (const { name, changes, kinds, first = 0, caughtAs } of mutations) {
  test(`it is seen when ${name}`, async (t) => {
    const product = await loadProduct(changes);
    for (let seed = first; seed < first + patience; seed++) {
      for (const kind of kinds) {
        const { violation, tale } = await simulate(generateOf(kind, seed), { product });
        if (!violation) continue;
        assert.ok(caughtAs.includes(violation.rule), `caught as another fault: ${violation.message}\n${tale}`);
        t.diagnostic(`${violation.rule}, seed ${seed} (${kind})`);
        return;
      }
    }
    assert.fail(`not seen in ${patience} seeds of ${kinds}`);
  });
}
