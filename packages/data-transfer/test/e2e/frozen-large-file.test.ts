import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, suite, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { findSteps } from "../crash/find-steps.ts";
import { freezeWorkersAt } from "../crash/freeze-workers.ts";
import { startGround } from "../crash/ground.ts";
import { nameOf } from "../crash/steps.ts";
import { startServers } from "../processes/production.ts";

const options = { skip: without("redis-server", "openssl", "strace"), timeout: 400_000 };
const mib = 1024 * 1024;
const path = "large.fits";
const { ground, steps } = options.skip ? undefined! : await aWay();

suite("a worker, on the way of a file that is noted before it is whole", options, () => {
  test("is frozen behind such a note, overtaken from there, and thawed: one package, one record", async (t) => {
    const tree = "{location}/staged/{private}/tree";
    const places = [
      "fdatasync number 4 of {location}/staged/{private}/journal",
      `pwrite64 number 140 of ${tree}/${path}`,
      `ftruncate number 1 of ${tree}/${path}`,
      `fsync number 1 of ${tree}/${path}`,
      `rename number 1 of ${tree}`,
    ];
    const chosen = steps.filter((step) => places.includes(nameOf(step)));
    assert.deepEqual(chosen.map(nameOf).sort(), places.sort());
    const { frozen, resumed } = await freezeWorkersAt(ground, chosen);
    assert.equal(frozen, places.length);
    // Behind the rename there is nothing to go on from.
    assert.equal(resumed.length, frozen - 1);
    for (const bytes of resumed) assert.ok(bytes > 128 * mib, `only ${bytes} bytes were not read again`);
    t.diagnostic(`${frozen} freezes; not read again: ${resumed.join(", ")} bytes`);
  });
});

async function aWay() {
  const started = await startGround({ after }, await startServers({ after }), { [path]: randomBytes(150 * mib + 77) });
  return { ground: started, ...(await findSteps(started)) };
}
