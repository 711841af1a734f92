import assert from "node:assert/strict";
import { test } from "node:test";
import { generateOf, type Kind, kinds } from "./generate.ts";
import { mutate, mutations } from "./mutations.ts";
import { rules } from "./rules.ts";
import type { Schedule } from "./schedule.ts";
import { shrink } from "./shrink.ts";
import { readTraces, writeTrace } from "./traces.ts";
import { simulate } from "./world.ts";

const seeds = Number(process.env.SIMULATION_SEEDS ?? 300);
const first = Number(process.env.SIMULATION_FIRST ?? 0);

/** What the schedules of a kind must have come across, lest they show nothing. */
const happens: Record<Kind, string[]> = {
  ours: ["acknowledged", "dead-lettered", "run again"],
  mixed: ["acknowledged", "dead-lettered", "run again", "lost by Python"],
  clocks: ["acknowledged", "run again"],
  forgetful: ["acknowledged", "run again"],
  deaths: ["acknowledged", "run again"],
};

const stories: Record<Kind, string> = {
  ours: "workers die, stall and are cut off, Redis pauses and restarts: nothing is lost, held twice or run again without a reason",
  mixed:
    "Python peers beside them, with timeouts from one second on, take no live lease and lose only what falls into their own hole",
  clocks: "wrong and jumping clocks lose nothing",
  forgetful: "a Redis that restarts without its last second loses only what that second held",
  deaths: "what the dead leave is back in its queue within two leases, and all of it is done",
};

for (const kind of Object.keys(kinds) as Kind[]) {
  test(stories[kind], async (t) => {
    const total: Record<string, number> = {};
    const share = Math.ceil(seeds / Object.keys(kinds).length);
    for (let seed = first; seed < first + share; seed++) {
      const schedule = generateOf(kind, seed);
      const { violation, counts } = await simulate(schedule);
      for (const [what, count] of Object.entries(counts)) total[what] = (total[what] ?? 0) + count;
      if (violation) await report(kind, seed, violation.rule);
    }
    t.diagnostic(`${share} seeds from ${first} on: ${JSON.stringify(total)}`);
    if (share >= 50) for (const what of happens[kind]) assert.ok(total[what]! > 0, `nothing was ${what}`);
  });
}

test("the same seed tells the same tale", async () => {
  for (let seed = 0; seed < 10; seed++) {
    const [one, other] = [await simulate(generateOf("mixed", seed)), await simulate(generateOf("mixed", seed))];
    assert.equal(String(one.tale), String(other.tale));
  }
});

test("what fails is shrunk to the few steps that it takes", async () => {
  const { alter } = mutate(mutations.find(({ name }) => name === "a retry is acknowledged and not published")!);
  const fails = async (schedule: Schedule) => (await simulate(schedule, { alter })).violation?.rule === "gone";
  let seed = 0;
  while (!(await fails(generateOf("ours", seed)))) seed++;
  const { setup, steps } = await shrink(generateOf("ours", seed), fails);
  assert.deepEqual([setup.workers, setup.concurrency, setup.queues], [1, 1, 1]);
  assert.deepEqual([...new Set(steps.map((step) => step.do))], ["publish"]);
  assert.equal(steps.length, 1);
});

for (const [file, { story, broke, mutation, schedule }] of readTraces()) {
  test(`${file}: ${story}`, async () => {
    const { violation, tale } = await simulate(schedule);
    assert.equal(violation, undefined, `${rules[broke]}\n${tale}`);
    if (mutation === undefined) return;
    const found = mutations.find(({ name }) => name === mutation);
    assert.ok(found, `there is no mutation "${mutation}"`);
    const before = await simulate(schedule, { alter: mutate(found).alter });
    assert.equal(before.violation?.rule, broke, `the trace no longer shows what it was kept for\n${before.tale}`);
  });
}

/** Shrinks what failed and tells it; with SIMULATION_SAVE=1 keeps it in the folder `traces`. */
async function report(kind: Kind, seed: number, rule: keyof typeof rules): Promise<never> {
  const schedule = await shrink(generateOf(kind, seed), async (smaller) => {
    return (await simulate(smaller)).violation?.rule === rule;
  });
  const { tale } = await simulate(schedule);
  const file = `${rule}-${kind}-${seed}.json`;
  if (process.env.SIMULATION_SAVE) writeTrace(file, { story: rules[rule], broke: rule, schedule });
  assert.fail(`seed ${seed} of ${kind} breaks: ${rules[rule]}\n\n${tale}\n\n${JSON.stringify(schedule, null, 1)}`);
}
