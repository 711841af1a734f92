import assert from "node:assert/strict";
import type { Ground } from "./ground.ts";
import { inTurn } from "./in-turn.ts";
import { assertAllSettled, assertNothingOrWhole, assertStagedOnce, watch } from "./kept-whole.ts";
import { prepareMishap } from "./mishap.ts";
import { nameOf, type Place, type Step } from "./steps.ts";

/**
 * For each step a worker of its own, which is killed when it comes there, before the call is made. Then one worker
 * finishes what all of them have left.
 *
 * @param steps fewer than the ground has locations
 */
export async function killWorkersAt(ground: Ground, steps: readonly Step[]): Promise<void> {
  const left: { place: Place; at: string }[] = [];
  await inTurn(steps, 3, async (step, index) => {
    const location = index + 1;
    const at = `a kill at ${nameOf(step)}`;
    const victim = await ground.startOrderlyWorker([location], `victim ${location}`);
    const place = await ground.request(location, location, async (place) => {
      await prepareMishap(ground, victim, "signal=KILL", step, place);
    });
    const staged = assertStagedOnce(ground, [place], at).then(
      () => "staged, and not killed",
      () => "lost",
    );
    assert.equal(await Promise.race([victim.exited, staged]), "SIGKILL", at);
    await assertNothingOrWhole(ground, place, at);
    left[index] = { place, at };
  });
  const stopWatching = watch(
    ground,
    left.map(({ place }) => place),
  );
  await ground.startWorker(
    left.map((_, index) => index + 1),
    "rescuer",
  );
  for (const { place, at } of left) await assertStagedOnce(ground, [place], at);
  await stopWatching();
  await assertAllSettled(ground);
}
