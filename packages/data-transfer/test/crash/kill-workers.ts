import assert from "node:assert/strict";
import type { Service } from "../processes/service.ts";
import type { Ground, GroundLocation } from "./ground.ts";
import { inTurn } from "./in-turn.ts";
import { assertAllSettled, assertNothingOrWhole, assertStagedOnce, ended, watching } from "./kept-whole.ts";
import { prepareMishap } from "./mishap.ts";
import { nameOf, type Place, pathsAt, type Step } from "./steps.ts";

interface Left {
  location: GroundLocation;
  place: Place;
  at: string;
}

/**
 * For each step a worker of its own, which is killed when it comes there, before the call is made. Then one worker
 * finishes what all of them have left.
 *
 * @param options.twice the next worker is killed, too, wherever it is then; a third one finishes
 * @returns how many were killed at these steps, and how many of the next workers
 */
export async function killWorkersAt(ground: Ground, steps: readonly Step[], { twice = false } = {}) {
  const left: Left[] = [];
  await inTurn(steps, 3, async (step) => void left.push(await killAt(ground, step)));
  let successors = 0;
  if (twice) {
    await inTurn(left, 3, async (one, index) => {
      if (await killSuccessor(ground, steps, one, index)) successors += 1;
    });
  }
  const places = left.map(({ place }) => place);
  const served = left.map(({ location }) => location);
  const rescuer = await ground.startWorker(served, "rescuer");
  await watching(ground, places, async () => {
    for (const { place, at } of left) await assertStagedOnce(ground, [place], at);
  });
  await assertAllSettled(ground);
  assert.equal(await rescuer.stop(), 0);
  return { killed: left.length, successors };
}

async function killAt(ground: Ground, step: Step): Promise<Left> {
  const at = `a kill at ${nameOf(step)}`;
  const location = await ground.newLocation();
  const victim = await ground.startOrderlyWorker([location], "victim");
  const place = await ground.request(location, async (coming) => {
    await prepareMishap(ground, victim, "signal=KILL", { ...step, paths: pathsAt(step, coming) });
  });
  const survived = ended(ground, place.item, at).then(() => "it survived", String);
  assert.equal(await Promise.race([victim.exited, survived]), "SIGKILL", at);
  await assertNothingOrWhole(ground, place, at);
  return { location, place, at };
}

/** @returns whether it came to the call that it was to be killed at */
async function killSuccessor(ground: Ground, steps: readonly Step[], left: Left, index: number): Promise<boolean> {
  const { location, place } = left;
  // Its way is not known: it begins with what the other has left. So its calls on any path of the way count.
  const calls = [...new Set(steps.map(({ call }) => call))];
  const call = calls[index % calls.length] as string;
  const when = 1 + (Math.floor(index / calls.length) % 3);
  const attempts = [place, { ...place, attempt: 2 }];
  const paths = [...new Set(steps.flatMap((step) => attempts.flatMap((attempt) => pathsAt(step, attempt))))];
  left.at += `, and at ${call} number ${when} of the next worker`;
  let victim: Service | undefined;
  await ground.whilePaused(location, async () => {
    victim = await ground.startOrderlyWorker([location], "successor");
    await prepareMishap(ground, victim, "signal=KILL", { call, when, paths });
  });
  const survived = ended(ground, place.item, left.at).then(() => "it survived", String);
  const end = await Promise.race([victim?.exited, survived]);
  if (end === "it survived") assert.equal(await victim?.stop(), 0, left.at);
  else assert.equal(end, "SIGKILL", left.at);
  await assertNothingOrWhole(ground, place, left.at);
  return end === "SIGKILL";
}
