import assert from "node:assert/strict";
import { getItem } from "../../src/opsdb/jobs.ts";
import type { Service } from "../processes/service.ts";
import type { Ground, GroundLocation } from "./ground.ts";
import { inTurn } from "./in-turn.ts";
import { assertAllSettled, assertStagedOnce, watching } from "./kept-whole.ts";
import { type Mishap, prepareMishap, standsStill } from "./mishap.ts";
import { nameOf, type Place, pathsAt, type Step } from "./steps.ts";

interface Frozen {
  location: GroundLocation;
  at: string;
  place: Place;
  victim: Service;
  mishap: Mishap;
}

/** Workers that stand still at the same time: each keeps its memory. */
const atOnce = 12;

/**
 * For each step a worker of its own, which is frozen there, all of it. Another one stages what they had begun. Then they
 * are thawed, and have to go on working: each stages one more package.
 *
 * @returns how many were frozen and thawed; bytes of the packages that those who overtook them did not read again
 */
export async function freezeWorkersAt(ground: Ground, steps: readonly Step[]) {
  let thawed = 0;
  const resumed: number[] = [];
  for (let first = 0; first < steps.length; first += atOnce) {
    const frozen: Frozen[] = [];
    await inTurn(steps.slice(first, first + atOnce), 3, async (step) => void frozen.push(await freeze(ground, step)));
    resumed.push(...(await overtake(ground, frozen)));
    await inTurn(frozen, 3, async (one) => {
      await thaw(ground, one);
      thawed += 1;
    });
  }
  await assertAllSettled(ground);
  return { frozen: thawed, resumed };
}

async function freeze(ground: Ground, step: Step): Promise<Frozen> {
  const location = await ground.newLocation();
  const victim = await ground.startOrderlyWorker([location], location.name);
  let mishap: Mishap | undefined;
  const place = await ground.request(location, async (coming) => {
    mishap = await prepareMishap(ground, victim, "signal=STOP", { ...step, paths: pathsAt(step, coming) });
  });
  assert.ok(mishap);
  await standsStill(victim, mishap);
  return { location, at: `a freeze at ${nameOf(step)}`, place, victim, mishap };
}

async function overtake(ground: Ground, frozen: readonly Frozen[]): Promise<number[]> {
  const places = frozen.map(({ place }) => place);
  const served = frozen.map(({ location }) => location);
  const rescuer = await ground.startWorker(served, "rescuer");
  await watching(ground, places, async () => {
    for (const { place, at } of frozen) {
      await assertStagedOnce(ground, [place], at);
      assert.equal((await getItem(ground.db, place.item))?.claimedBy, "rescuer", at);
    }
  });
  assert.equal(await rescuer.stop(), 0);
  return rescuer.log().flatMap(({ msg, bytes }) => (/^goes on from/.test(String(msg)) ? [Number(bytes)] : []));
}

async function thaw(ground: Ground, { location, at, place, victim, mishap }: Frozen): Promise<void> {
  victim.signal("SIGCONT");
  await mishap.end();
  // Threads are counted for themselves: another one may have come to its own so-manieth call, and frozen the process again.
  victim.signal("SIGCONT");
  const next = await ground.request(location);
  await assertStagedOnce(ground, [place, next], at);
  assert.equal((await getItem(ground.db, next.item))?.claimedBy, location.name, at);
  assert.equal((await getItem(ground.db, place.item))?.claimedBy, "rescuer", at);
  assert.equal(await victim.stop(), 0, at);
}
