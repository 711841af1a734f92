import assert from "node:assert/strict";
import { getItem } from "../../src/opsdb/jobs.ts";
import type { Service } from "../processes/service.ts";
import type { Ground, GroundLocation } from "./ground.ts";
import { inTurn } from "./in-turn.ts";
import { assertAllSettled, assertStagedOnce, watching } from "./kept-whole.ts";
import { type Mishap, prepareMishap } from "./mishap.ts";
import { nameOf, pathsAt, type Step } from "./steps.ts";

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

/**
 * An error for each call: each errno comes from many calls, and calls that must not be overlooked when they fail meet with
 * one that nobody repeats.
 */
export function oneForEach(steps: readonly Step[]): Failure[] {
  const decisive = errnos.filter((errno) => errno !== "EINTR");
  const turns = { decisive: 0, other: 0 };
  return steps.map((step) => {
    if (isPromise(step)) return { step, errno: decisive[turns.decisive++ % decisive.length] as Failure["errno"] };
    return { step, errno: errnos[turns.other++ % errnos.length] as Failure["errno"] };
  });
}

/** Packages for one worker: it watches a queue and a mount for each. */
const perWorker = 12;

/**
 * Lets each of these calls fail, on the way of a package of its own. The worker lives on, and stages it in the end.
 *
 * @returns how many packages needed so many attempts
 */
export async function failCalls(ground: Ground, failures: readonly Failure[]): Promise<Map<number, number>> {
  const attempts = new Map<number, number>();
  let failed = 0;
  const loads = Array.from({ length: Math.ceil(failures.length / perWorker) }, (_, load) =>
    failures.slice(load * perWorker, (load + 1) * perWorker),
  );
  await inTurn(loads, 3, async (load, number) => {
    const locations: GroundLocation[] = [];
    for (const _ of load) locations.push(await ground.newLocation());
    const worker = await ground.startOrderlyWorker(locations, `worker ${number}`);
    await inTurn(load, 1, async (failure, index) => {
      const attempt = await failOnce(ground, worker, locations[index] as GroundLocation, failure);
      attempts.set(attempt, (attempts.get(attempt) ?? 0) + 1);
      failed += 1;
    });
    assert.equal(await worker.stop(), 0);
  });
  await assertAllSettled(ground);
  assert.ok(failed > 0);
  assert.equal(failed, failures.length);
  return attempts;
}

/** @returns the number of the attempt that staged it */
async function failOnce(ground: Ground, worker: Service, location: GroundLocation, { step, errno }: Failure) {
  const at = `${errno} from ${nameOf(step)}`;
  const before = worker.log().length;
  let mishap: Mishap | undefined;
  const place = await ground.request(location, async (coming) => {
    mishap = await prepareMishap(ground, worker, `error=${errno}`, { ...step, paths: pathsAt(step, coming) });
  });
  try {
    await watching(ground, [place], () => assertStagedOnce(ground, [place], at));
  } finally {
    await mishap?.end();
  }
  assert.ok(await mishap?.happened(), `${at} has not happened`);
  const said = worker.log().slice(before);
  for (const { to, code } of said) if (to !== undefined) assert.match(String(code), codes[errno], at);
  const attempt = (await getItem(ground.db, place.item))?.attempt ?? 0;
  // A disk that says no is believed, whatever can be seen of it then. (libuv itself repeats a call for EINTR.)
  if (isPromise(step) && errno !== "EINTR") assert.ok(attempt > 1, `${at} was overlooked`);
  return attempt;
}

/** Calls without which nothing of the package is on the disk for good. */
function isPromise({ call }: Step): boolean {
  return /^(mkdir|pwrite64|fsync|rename)$/.test(call);
}
