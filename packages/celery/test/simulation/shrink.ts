import type { Schedule, Step } from "./schedule.ts";

/**
 * Takes out of a schedule what it does not need to fail: steps, in ever smaller stretches, then peers, workers, slots and
 * queues, then unusual endings. What is left still fails.
 */
export async function shrink(schedule: Schedule, fails: (schedule: Schedule) => Promise<boolean>): Promise<Schedule> {
  let smallest = schedule;
  const attempt = async (smaller: Schedule): Promise<boolean> => {
    if (!(await fails(smaller))) return false;
    smallest = smaller;
    return true;
  };
  for (let before = ""; before !== JSON.stringify(smallest); ) {
    before = JSON.stringify(smallest);
    await withoutStretches(() => smallest, attempt);
    for (const setup of smallerSetups(smallest)) await attempt({ ...smallest, setup });
    for (const i of smallest.steps.keys()) {
      for (const step of simplerSteps(smallest.steps[i]!)) {
        if (await attempt({ ...smallest, steps: smallest.steps.with(i, step) })) break;
      }
    }
  }
  return smallest;
}

async function withoutStretches(now: () => Schedule, attempt: (smaller: Schedule) => Promise<boolean>): Promise<void> {
  for (let length = Math.ceil(now().steps.length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let from = 0; from < now().steps.length; ) {
      const { setup, steps } = now();
      if (!(await attempt({ setup, steps: steps.toSpliced(from, length) }))) from += length;
    }
  }
}

function* smallerSetups({ setup }: Schedule): Generator<Schedule["setup"]> {
  for (const i of setup.peers.keys()) yield { ...setup, peers: setup.peers.toSpliced(i, 1) };
  if (setup.workers > 1) yield { ...setup, workers: setup.workers - 1 };
  if (setup.concurrency > 1) yield { ...setup, concurrency: 1 };
  if (setup.queues > 1) yield { ...setup, queues: 1 };
}

function* simplerSteps(step: Step): Generator<Step> {
  if (step.do === "publish") {
    // The last one ends it: without that it would come back for ever.
    for (const i of step.endings.slice(1).keys()) yield { ...step, endings: step.endings.toSpliced(i, 1) };
    if (step.priority > 0) yield { ...step, priority: 0 };
    if (step.by === "python") yield { ...step, by: "ours" };
  }
  if ("who" in step && step.who > 0) for (let who = 0; who < step.who; who++) yield { ...step, who };
  if ("ms" in step && step.ms > 1 && step.ms !== Math.round(step.ms)) yield { ...step, ms: Math.round(step.ms) };
}
