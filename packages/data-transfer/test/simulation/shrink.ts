import type { Schedule, Setup, Step } from "./schedule.ts";

/**
 * Takes out of a schedule what it does not need to fail: steps, in ever smaller stretches, then processes, packages and
 * files, then what steps say beyond the least. What is left still fails.
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
    for (let length = Math.ceil(smallest.steps.length / 2); length >= 1; length = Math.floor(length / 2)) {
      for (let from = 0; from < smallest.steps.length; ) {
        const { setup, steps } = smallest;
        if (!(await attempt({ setup, steps: steps.toSpliced(from, length) }))) from += length;
      }
    }
    for (const setup of smallerSetups(smallest.setup)) await attempt({ ...smallest, setup });
    for (const i of smallest.steps.keys()) {
      for (const step of simplerSteps(smallest.steps[i]!)) {
        if (await attempt({ ...smallest, steps: smallest.steps.with(i, step) })) break;
      }
    }
  }
  return smallest;
}

function* smallerSetups(setup: Setup): Generator<Setup> {
  if (setup.peers.length > 0) yield { ...setup, peers: [] };
  if (setup.workers > 1) yield { ...setup, workers: setup.workers - 1 };
  if (setup.managers > 1) yield { ...setup, managers: setup.managers - 1 };
  if (setup.concurrency > 1) yield { ...setup, concurrency: 1 };
  if (setup.files > 1) yield { ...setup, files: 1 };
  if (setup.packages.length > 1) yield { ...setup, packages: setup.packages.slice(0, -1) };
  for (const i of setup.packages.keys()) {
    if (setup.packages[i]! > 20) yield { ...setup, packages: setup.packages.with(i, 20) };
  }
}

function* simplerSteps(step: Step): Generator<Step> {
  if (step.do === "request" && step.packages.length > 1) {
    for (const one of step.packages) yield { ...step, packages: [one] };
  }
  if (step.do === "request" && step.by === "python") yield { ...step, by: "ours" };
  if ("who" in step && step.who > 0) for (let who = 0; who < step.who; who++) yield { ...step, who };
  if ("ms" in step && step.ms !== Math.round(step.ms)) yield { ...step, ms: Math.round(step.ms) };
  if ("at" in step && step.at !== undefined && step.at.nth > 1) yield { ...step, at: { ...step.at, nth: 1 } };
}
