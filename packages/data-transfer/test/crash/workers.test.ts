import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, suite, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { startServers } from "../processes/production.ts";
import { failCalls, oneForEach } from "./fail-calls.ts";
import { findSteps } from "./find-steps.ts";
import { freezeWorkersAt } from "./freeze-workers.ts";
import { startGround } from "./ground.ts";
import { killWorkersAt } from "./kill-workers.ts";
import { isTurningPoint } from "./milestones.ts";
import { nameOf } from "./steps.ts";
import type { TracedCall } from "./traced-calls.ts";

const options = { skip: without("redis-server", "openssl", "strace"), timeout: 600_000 };
const servers = options.skip ? undefined! : await startServers({ after });
const small = options.skip ? undefined! : await aWay(3000);
const large = options.skip ? undefined! : await aWay(300_001);

suite("a worker, on the way of a package of one file", options, () => {
  test("is killed at each call: nothing is visible, or the whole package, and another one finishes it", async (t) => {
    const { ground, steps } = small;
    const changing = steps.filter(({ changes }) => changes);
    const { killed } = await killWorkersAt(ground, changing);
    assert.equal(killed, changing.length);
    t.diagnostic(`${killed} kills`);
  });

  test("is killed at each call that only a large file needs", async (t) => {
    const known = new Set(small.steps.map(nameOf));
    const steps = large.steps.filter(
      (step) => step.changes && (!known.has(nameOf(step)) || step.path.endsWith(".fits")),
    );
    const { killed } = await killWorkersAt(large.ground, steps);
    assert.equal(killed, steps.length);
    assert.ok(killed >= 4);
    t.diagnostic(`${killed} kills`);
  });

  test("meets with an error of each call: it goes on, and the package is staged by the same worker", async (t) => {
    const { ground, steps } = small;
    // `make e2e` has every error from every call.
    const attempts = await failCalls(ground, oneForEach(steps));
    t.diagnostic(`${steps.length} errors; staged by attempt: ${JSON.stringify(Object.fromEntries(attempts))}`);
  });

  test("is frozen at a turning point, overtaken, and thawed: one package, one record, and it goes on working", async (t) => {
    const { ground, steps } = small;
    // `make e2e` has all steps.
    const turning = steps.filter(isTurningPoint);
    const { frozen } = await freezeWorkersAt(ground, turning);
    assert.equal(frozen, turning.length);
    assert.ok(frozen >= 7);
    t.diagnostic(`${frozen} freezes`);
  });

  test("tells the database when the disk has it all", () => {
    for (const { calls, place } of [small, large]) {
      const parent = `${place.folder}/staged`;
      const renames = [place.name, `${place.name}.xxh64`].map((name) => {
        const rename = calls.find((call) => call.name === "rename" && call.paths.includes(`${parent}/${name}`));
        assert.ok(rename, name);
        return rename;
      });
      const recorded = calls.find((call) => call.began > Number(renames[0]?.began) && isCommit(call));
      assert.ok(recorded);
      const syncs = calls.filter(({ name, output }) => name === "fsync" && output === "0");
      for (const { ended, input } of renames) {
        const made = syncs.some((sync) => {
          return sync.paths.includes(parent) && sync.began > ended && sync.ended < recorded.began;
        });
        assert.ok(made, `not durable when it was recorded: ${input}`);
      }
      const below = syncs.filter(({ paths }) => paths.some((path) => path.startsWith(place.folder)));
      for (const sync of below) assert.ok(sync.ended < recorded.began, sync.input);
    }
  });
});

async function aWay(size: number) {
  const ground = await startGround({ after }, servers, { "a.fits": randomBytes(size) });
  return { ground, ...(await findSteps(ground)) };
}

function isCommit({ name, input }: TracedCall): boolean {
  return /^(write|writev|sendto|sendmsg)$/.test(name) && input.includes("socket:") && input.includes("COMMIT");
}
