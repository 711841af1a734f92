import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, suite, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { errnos, failCalls } from "../crash/fail-calls.ts";
import { findSteps } from "../crash/find-steps.ts";
import { freezeWorkersAt } from "../crash/freeze-workers.ts";
import { startGround } from "../crash/ground.ts";
import { killWorkersAt } from "../crash/kill-workers.ts";
import { startServers } from "../processes/production.ts";

const options = { skip: without("redis-server", "openssl", "strace"), timeout: 900_000 };
const files = {
  "a.fits": randomBytes(3000),
  "folder/b.fits": randomBytes(100),
  "large.fits": randomBytes(300_001),
};
const { ground, steps } = options.skip ? undefined! : await aWay();
const changing = options.skip ? [] : steps.filter(({ changes }) => changes);

suite("a worker, on the way of a package of three files", options, () => {
  test("is killed at each call, and the next worker, too, wherever it is then; a third one finishes", async (t) => {
    const { killed, successors } = await killWorkersAt(ground, changing, { twice: true });
    assert.equal(killed, changing.length);
    assert.ok(successors > killed / 3, `only ${successors} of the next workers came to where they were to be killed`);
    t.diagnostic(`${killed} kills, and ${successors} of the next workers`);
  });

  for (const errno of errnos) {
    test(`meets with ${errno} from each call: it goes on, and stages the package itself`, async (t) => {
      const attempts = await failCalls(
        ground,
        steps.map((step) => ({ step, errno })),
      );
      t.diagnostic(`${steps.length} errors; staged by attempt: ${JSON.stringify(Object.fromEntries(attempts))}`);
    });
  }

  test("is frozen at each call, overtaken, and thawed: one package, one record, and it goes on working", async (t) => {
    const { frozen } = await freezeWorkersAt(ground, changing);
    assert.equal(frozen, changing.length);
    t.diagnostic(`${frozen} freezes`);
  });
});

async function aWay() {
  const started = await startGround({ after }, await startServers({ after }), files);
  return { ground: started, ...(await findSteps(started)) };
}
