import { whoRuns } from "../../../../celery/test/simulation/process.ts";
import { simulated } from "../simulated.ts";
import type { Disk } from "./disk.ts";

/** Usual time that a call takes to have its effect, and to return, in ms. */
const usual = { effect: 0.05, answer: 0.02 };

/**
 * One call of the process that runs now: it has its effect a little later, and returns a little after that. Who is
 * stalled in between has its effect, and hears of it, when it goes on; who is killed has none, or never hears of it.
 */
export function diskCall<T>(name: string, act: (disk: Disk) => T): Promise<T> {
  const process = whoRuns();
  const { timeline, disk, fates } = simulated();
  return new Promise((resolve, reject) => {
    const answer = (settle: () => void) => {
      fates.meets(process, "disk", name, "after");
      timeline.after(usual.answer, () => process.resume(settle));
    };
    const effect = () => {
      try {
        const result = act(disk);
        answer(() => resolve(result));
      } catch (error) {
        answer(() => reject(error));
      }
    };
    process.later(usual.effect, () => {
      fates.meets(process, "disk", name, "before");
      process.resume(effect);
    });
  });
}
