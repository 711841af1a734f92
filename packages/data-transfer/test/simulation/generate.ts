import { Random } from "../../../celery/test/simulation/random.ts";
import type { At, Schedule, Setup, Step } from "./schedule.ts";

/** What a schedule's faults are of. */
export type Kind = keyof typeof kinds;

/** Weights of the steps of each kind; all have `request`, `duplicate` and `pass`. */
export const kinds = {
  /** Nothing goes wrong: workers are stopped and started, jobs cancelled, locations paused, staged packages damaged. */
  calm: { stop: 3, start: 3, cancel: 1, retry: 1, "pause-location": 1, damage: 2 },
  /** Processes are killed, also in the middle of a call. */
  deaths: { kill: 8, start: 6, stop: 1 },
  /** Processes stand still for longer than their claim lasts, also in the middle of a call. */
  freezes: { stall: 8, kill: 1, start: 1, damage: 1 },
  /** The broker is flushed, paused, restarted without its last second, and cut off. */
  broker: { "flush-redis": 2, "restart-redis": 2, "pause-redis": 1, "cut-redis": 4, kill: 1, start: 1 },
  /** The database is restarted and cut off, also while a statement is on its way. */
  database: { "restart-database": 3, "cut-database": 8, kill: 1, start: 1, "break-archive": 1 },
  /** Messages come twice and more, Python peers give back what looks old to them, and workers stand still. */
  duplicates: { duplicate: 12, stall: 3, kill: 1, start: 1, "cut-redis": 1 },
  /** Staged packages are damaged and asked for again, while workers stand still and die. */
  damage: { damage: 8, request: 10, stall: 6, kill: 2, start: 3 },
  /** Machines are gone without a goodbye. */
  vanished: { vanish: 4, start: 4, stall: 1 },
  /** All of it. */
  everything: {
    ...{ kill: 2, vanish: 1, stop: 1, start: 4, stall: 2, cancel: 1, retry: 1, damage: 1, "break-archive": 1 },
    ...{ "flush-redis": 1, "restart-redis": 1, "cut-redis": 1, "restart-database": 1, "cut-database": 2 },
  },
} satisfies Record<string, Partial<Record<Step["do"], number>>>;

export function generateOf(kind: Kind, seed: number): Schedule {
  const random = new Random(seed);
  const setup = aSetup(random, kind, seed);
  const weights: Partial<Record<Step["do"], number>> = { request: 5, duplicate: 1, pass: 14, ...kinds[kind] };
  const steps: Step[] = [aStep(random, "request", setup)];
  const length = random.integer(5, 40);
  while (steps.length < length) {
    const step = aStep(random, random.weighted(weights), setup);
    steps.push(step);
    if (step.do === "damage" && kind === "damage") steps.push(...whileItIsMended(random, step.package, setup));
    if (step.do === "stall" && kind === "freezes") steps.push(...untilItIsOvertaken(random, setup));
  }
  return { setup, steps };
}

/**
 * Whoever brings the next package stands still at a moment that matters; when its claim is over another one takes it over at
 * once, and it goes on while that one works, or afterwards.
 */
function untilItIsOvertaken(random: Random, { claimLease, packages, workers, files }: Setup): Step[] {
  const call = random.weighted({
    ...{ rename: 4, chmod: 1, sync: 2, stat: 4, mkdir: 1, write: 1 },
    ...{ BEGIN: 1, INSERT: 2, WITH: 3, SELECT: 1, UPDATE: 1, COMMIT: 3 },
  });
  const nth = random.integer(1, call === "stat" || call === "sync" || call === "WITH" || call === "SELECT" ? 8 : 4);
  const at: At = { call, nth, moment: random.of(["before", "before", "after"]) };
  const number = random.integer(0, packages.length - 1);
  /** Until all of it has come from the archive. */
  const work = packages[number]! * (files + 1);
  const late = random.of([random.between(0, 60), random.between(0, 60), work * random.between(0, 1.2), claimLease]);
  const ms = Math.round(claimLease * 1.02 + 50 + late);
  const stalls = Array.from({ length: workers }, (_, who): Step => ({ do: "stall", who, ms, at }));
  return [
    { do: "request", packages: [number], by: "python" },
    ...stalls.slice(0, Math.max(1, workers - 1)),
    { do: "pass", ms: Math.round(work + claimLease * 1.02 + 50) },
    { do: "duplicate", item: "last" },
    { do: "pass", ms: random.of([1, 20, work]) },
  ];
}

/** It is asked for again, and whoever looks at it stands still for a while. */
function whileItIsMended(random: Random, number: number, { claimLease }: Setup): Step[] {
  const call = random.of(["stat", "read", "readdir", "rename", "COMMIT", "WITH", "sync"]);
  const at: At = { call, nth: random.integer(1, 4), moment: random.of(["before", "after"]) };
  const stall = (who: number): Step => ({ do: "stall", who, ms: Math.round(claimLease * random.of([1.3, 3])), at });
  return [{ do: "request", packages: [number], by: "ours" }, stall(0), stall(1), { do: "pass", ms: claimLease }];
}

function aSetup(random: Random, kind: Kind, seed: number): Setup {
  const claimLease = random.of([6000, 20_000, 60_000]);
  const brokerLease = random.of([claimLease, claimLease, claimLease / 2]);
  const withPeers = kind === "duplicates" || random.chance(0.2);
  /** Mostly within a second, now and then longer than the claim lasts without being renewed. */
  const time = () =>
    Math.round(random.of([20, 20, 300, claimLease * 0.3, claimLease * 0.7]) * random.between(0.5, 1.5));
  return {
    ...{ seed, claimLease, brokerLease },
    workers: random.integer(1, 3),
    concurrency: random.integer(1, 3),
    managers: random.integer(1, 2),
    peers: withPeers
      ? [{ visibilityTimeout: random.of([1000, claimLease / 2]), scanEvery: random.of([500, 5000]) }]
      : [],
    packages: Array.from({ length: random.integer(1, 3) }, time),
    files: random.integer(1, 2),
    sleepTime: random.of([1000, 5000]),
    sweepInterval: random.of([2000, claimLease / 2]),
    reringAfter: random.of([claimLease, claimLease * 5]),
    claimGrace: random.of([1000, claimLease / 4]),
    maxFailures: 4,
    leftoversEvery: random.of([5000, claimLease]),
  };
}

function aStep(random: Random, what: Step["do"], { claimLease }: Setup): Step {
  const who = random.integer(0, 5);
  /** Around the length of a claim: a little, almost all of it, and more than it. */
  const while_ = () =>
    Math.round(random.of([100, claimLease * 0.3, claimLease * 0.9, claimLease * 1.3, claimLease * 3]));
  const at = () => (random.chance(0.7) ? { at: aMoment(random) } : {});
  switch (what) {
    case "pass": {
      const ms = random.of([5, 20, random.between(1, 200), 1500, 6000, while_(), while_()]);
      return { do: "pass", ms: Math.round(ms * random.between(0.5, 1.2) * 100) / 100 };
    }
    case "request": {
      const packages = Array.from({ length: random.integer(1, 3) }, () => random.integer(0, 2));
      return { do: "request", packages: [...new Set(packages)], by: random.of(["ours", "ours", "python"]) };
    }
    case "duplicate":
      return { do: "duplicate", item: random.integer(0, 5) };
    case "cancel":
    case "retry":
      return { do: what, job: random.integer(0, 3) };
    case "damage":
      return { do: "damage", package: random.integer(0, 2) };
    case "pause-location":
    case "break-archive":
    case "restart-database":
    case "pause-redis":
      return { do: what, ms: while_() };
    case "restart-redis":
      return { do: "restart-redis", ms: random.integer(5, 3000), lost: random.of([0, random.integer(1, 1000)]) };
    case "flush-redis":
      return { do: "flush-redis" };
    case "kill":
    case "vanish":
      return { do: what, who, ...at() };
    case "stop":
    case "start":
      return { do: what, who };
    case "stall":
      return { do: "stall", who, ms: while_(), ...at() };
    case "cut-redis":
      return { do: "cut-redis", who, ms: while_(), arrives: random.chance(0.5) };
    case "cut-database": {
      const [arrives, lingers] = [random.chance(0.5), random.chance(0.3)];
      return { do: "cut-database", who, ms: while_(), arrives, lingers, ...at() };
    }
  }
}

/** Calls around which the work is decided. */
function aMoment(random: Random): At {
  const call = random.weighted({
    ...{ rename: 6, COMMIT: 5, UPDATE: 2, WITH: 5, BEGIN: 1, SELECT: 1, INSERT: 1, database: 3 },
    ...{ mkdir: 2, open: 1, write: 2, sync: 3, chmod: 1, stat: 2, read: 1, rmdir: 1, unlink: 1, disk: 4 },
  });
  const often = call === "disk" ? 90 : call === "database" ? 40 : call === "WITH" || call === "COMMIT" ? 8 : 5;
  return { call, nth: random.integer(1, often), moment: random.of(["before", "after"]) };
}
