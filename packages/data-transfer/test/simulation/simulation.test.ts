import assert from "node:assert/strict";
import { test } from "node:test";
import { generateOf, type Kind, kinds } from "./generate.ts";
import { mutations } from "./mutations.ts";
import { loadProduct } from "./product/load.ts";
import { rules } from "./rules.ts";
import type { Schedule } from "./schedule.ts";
import { shrink } from "./shrink.ts";
import { readTraces, writeTrace } from "./traces.ts";
import { simulate } from "./world.ts";

const seeds = Number(process.env.SIMULATION_SEEDS ?? 180);
const first = Number(process.env.SIMULATION_FIRST ?? 0);

/** What the schedules of a kind must have come across, lest they show nothing. */
const happens: Record<Kind, string[]> = {
  calm: ["completed", "failed", "ended scheduled", "quarantined"],
  deaths: ["completed", "taken over", "pending"],
  freezes: ["completed", "taken over", "ended lost"],
  broker: ["completed"],
  database: ["completed", "ended pending", "ended lost"],
  duplicates: ["completed", "taken over"],
  damage: ["completed", "taken over", "quarantined", "ended lost"],
  vanished: ["completed", "taken over"],
  everything: ["completed", "failed", "ended pending"],
};

/** What so many schedules more must have come across. */
const happensNowAndThen: Partial<Record<Kind, string[]>> = { freezes: ["resumed"] };

const stories: Record<Kind, string> = {
  calm: "with nothing going wrong, every request is finished, and nothing is done that need not be",
  deaths: "workers and managers are killed around every call: nothing is lost, published twice or left behind",
  freezes: "workers stand still for longer than their claims last: who comes too late changes nothing",
  broker: "a broker that is flushed, forgets its last second or cannot be reached loses no request",
  database: "a database that is restarted or cut off in the middle of a commit records all of it, or nothing, once",
  duplicates: "messages that come twice and more, also by Python peers, let one attempt through at a time",
  damage: "what somebody damages is put aside and staged anew, whoever stands still meanwhile",
  vanished: "machines that are gone without a goodbye keep nothing from being done by others",
  everything: "all of that together",
};

for (const kind of Object.keys(kinds) as Kind[]) {
  test(stories[kind], async (t) => {
    const total: Record<string, number> = {};
    const share = Math.ceil(seeds / Object.keys(kinds).length);
    for (let seed = first; seed < first + share; seed++) {
      const { violation, counts } = await simulate(generateOf(kind, seed));
      for (const [what, count] of Object.entries(counts)) total[what] = (total[what] ?? 0) + count;
      if (violation) await report(kind, seed, violation.rule);
    }
    t.diagnostic(`${share} seeds from ${first} on: ${JSON.stringify(total)}`);
    const wanted = [...(share >= 20 ? happens[kind] : []), ...((share >= 50 && happensNowAndThen[kind]) || [])];
    for (const what of wanted) assert.ok(total[what]! > 0, `nothing was ${what}`);
  });
}

test("the same seed tells the same tale", async () => {
  for (const kind of ["everything", "freezes"] as const) {
    for (let seed = 0; seed < 3; seed++) {
      const [one, other] = [await simulate(generateOf(kind, seed)), await simulate(generateOf(kind, seed))];
      assert.equal(String(one.tale), String(other.tale));
    }
  }
});

test("what fails is shrunk to the few steps that it takes", async () => {
  const { changes } = mutations.find(({ name }) => name === "folders are not synced before they appear")!;
  const product = await loadProduct(changes);
  const fails = async (schedule: Schedule) => {
    return (await simulate(schedule, { product })).violation?.rule === "not-durable";
  };
  let seed = 0;
  while (!(await fails(generateOf("everything", seed)))) seed++;
  const { setup, steps } = await shrink(generateOf("everything", seed), fails);
  assert.deepEqual([setup.workers, setup.managers, setup.concurrency, setup.packages.length], [1, 1, 1, 1]);
  assert.deepEqual(
    steps.map((step) => step.do),
    ["request"],
  );
});

for (const [file, { story, broke, mutation, schedule }] of readTraces()) {
  test(`${file}: ${story}`, async () => {
    const { violation, tale } = await simulate(schedule);
    assert.equal(violation, undefined, `${rules[broke]}\n${tale}`);
    if (mutation === undefined) return;
    const found = mutations.find(({ name }) => name === mutation);
    assert.ok(found, `there is no mutation "${mutation}"`);
    const before = await simulate(schedule, { product: await loadProduct(found.changes) });
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
