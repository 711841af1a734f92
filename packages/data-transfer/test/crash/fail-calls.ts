import assert from "node:assert/strict";
import { getItem } from "../../src/opsdb/jobs.ts";
import type { Ground } from "./ground.ts";
import { inTurn } from "./in-turn.ts";
import { assertAllSettled, assertStagedOnce, watch } from "./kept-whole.ts";
import { prepareMishap } from "./mishap.ts";
import { nameOf, type Step } from "./steps.ts";

export const errnos = ["ENOSPC", "EIO", "EDQUOT", "ESTALE", "EINTR"] as const;

/** One call that fails. */
export interface Failure {
  step: Step;
  errno: (typeof errnos)[number];
}

/** What an attempt may end with, if it does: nothing else would tell people the truth. */
const codes: Readonly<Record<Failure["errno"], RegExp>> = {
  ENOSPC: /^CDT-NO-SPACE$/,
  EDQUOT: /^CDT-NO-SPACE$/,
  EIO: /^CDT-STORAGE-FAILED$/,
  ESTALE: /^CDT-STORAGE-FAILED$/,
  EINTR: /^never$/,
};

/** Packages for one worker: it watches a queue for each. */
const perWorker = 12;

/**
 * Lets each of these calls fail, on the way of a package of its own. The worker lives on, and stages it in the end.
 *
 * @param failures fewer than the ground has locations
 * @returns how many packages needed so many attempts
 */
export async function failCalls(ground: Ground, failures: readonly Failure[]): Promise<Map<number, number>> {
  const attempts = new Map<number, number>();
  const loads = Array.from({ length: Math.ceil(failures.length / perWorker) }, (_, load) =>
    failures.slice(load * perWorker, (load + 1) * perWorker).map((failure, index) => {
      return { ...failure, location: 1 + load * perWorker + index };
    }),
  );
  await inTurn(loads, 3, async (load, number) => {
    const worker = await ground.startOrderlyWorker(
      load.map(({ location }) => location),
      `worker ${number}`,
    );
    for (const { step, errno, location } of load) {
      const at = `${errno} from ${nameOf(step)}`;
      const before = worker.log().length;
      let stopWatching = async () => {};
      let mishap: Awaited<ReturnType<typeof prepareMishap>> | undefined;
      const place = await ground.request(location, location, async (place) => {
        mishap = await prepareMishap(ground, worker, `error=${errno}`, step, place);
        stopWatching = watch(ground, [place]);
      });
      await assertStagedOnce(ground, [place], at);
      await stopWatching();
      await mishap?.end();
      assert.ok(await mishap?.happened(), `${at} has not happened`);
      for (const { code } of worker.log().slice(before)) if (code !== undefined) assert.match(String(code), codes[errno], at);
      const { attempt } = (await getItem(ground.db, place.item))!;
      attempts.set(attempt, (attempts.get(attempt) ?? 0) + 1);
    }
    assert.equal(await worker.stop(), 0);
  });
  await assertAllSettled(ground);
  return attempts;
}
