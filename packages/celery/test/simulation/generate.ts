import { Random } from "./random.ts";
import type { Ending, PeerSetup, Schedule, Setup, Step } from "./schedule.ts";

/** What a schedule's faults are of. */
export type Kind = keyof typeof kinds;

/** Weights of the steps of each kind; all have `publish` and `pass`. */
export const kinds = {
  /** Our workers alone: killed, stalled, cut off, restarted; Redis paused and restarted. */
  ours: { kill: 5, stop: 2, start: 5, stall: 4, cut: 6, slow: 4, "pause-redis": 1, "restart-redis": 1 },
  /** The same with Python peers on the same queues. */
  mixed: { kill: 5, stop: 2, start: 5, stall: 4, cut: 5, slow: 3, "pause-redis": 1, "restart-redis": 1 },
  /** With clocks that are wrong and jump. */
  clocks: { kill: 3, start: 3, stall: 3, cut: 2, "set-clock": 3, "jump-redis-clock": 2 },
  /** Redis restarts without its last second. */
  forgetful: { kill: 2, start: 2, stall: 1, cut: 2, "restart-redis": 3 },
  /** Nothing but deaths. */
  deaths: { kill: 3, start: 2 },
} satisfies Record<string, Partial<Record<Step["do"], number>>>;

/** The schedule of a seed: its kind follows from it, too. */
export function generate(seed: number): { kind: Kind; schedule: Schedule } {
  const names = Object.keys(kinds) as Kind[];
  const kind = names[seed % names.length]!;
  return { kind, schedule: generateOf(kind, seed) };
}

export function generateOf(kind: Kind, seed: number): Schedule {
  const random = new Random(seed);
  const setup = aSetup(random, kind);
  const weights: Partial<Record<Step["do"], number>> = { publish: 10, pass: 20, ...kinds[kind] };
  const steps: Step[] = [];
  const most = { publish: random.integer(2, 16) };
  const unusual = random.of([0.1, 0.3, 0.7]);
  const length = random.integer(10, 70);
  while (steps.length < length) {
    const what = random.weighted(weights);
    if (what === "publish" && most.publish-- <= 0) continue;
    steps.push(aStep(random, what, kind, { ...setup, unusual }));
  }
  return { setup, steps };
}

function aSetup(random: Random, kind: Kind): Setup {
  const lease = random.of([2000, 10_000, 60_000]);
  const withPeers = kind === "mixed" || ((kind === "clocks" || kind === "forgetful") && random.chance(0.5));
  return {
    lease,
    visibilityTimeout: lease * random.of([2, 5, 20]),
    workers: random.integer(kind === "deaths" ? 2 : 1, 3),
    concurrency: random.integer(1, 4),
    queues: random.integer(1, 2),
    peers: withPeers ? Array.from({ length: random.integer(1, 2) }, () => aPeer(random, lease)) : [],
  };
}

function aPeer(random: Random, lease: number): PeerSetup {
  return {
    visibilityTimeout: random.of([1000, 1000, lease / 2, lease * 3]),
    scanEvery: random.of([500, lease / 3, 100_000]),
    prefetch: random.integer(1, 4),
    keepsPriority: random.chance(0.5),
  };
}

function aStep(
  random: Random,
  what: Step["do"],
  kind: Kind,
  { lease, peers, unusual }: Setup & { unusual: number },
): Step {
  const who = random.integer(0, 9);
  /** Mostly short, now and then beyond the lease. */
  const while_ = () =>
    Math.round(random.of([5, lease / 20, lease / 4, lease * 0.9, lease * 1.2, lease * 3]) * random.between(0.5, 1.2));
  switch (what) {
    case "publish": {
      const by = random.weighted({ ours: 6, python: 4, ...(peers.length === 0 && { nobody: 1 }) });
      const work = Math.round(random.of([1, lease / 10, lease / 2, lease * 2]) * random.between(0.5, 1.5));
      return {
        do: "publish",
        by,
        queue: random.integer(0, 1),
        priority: random.of([0, 0, 0, 3, 9]),
        work,
        endings: endings(random, lease, unusual),
      };
    }
    case "kill":
      return { do: "kill", who, when: random.of(["now", "answer-lost", "request-lost"]) };
    case "stall":
      return { do: "stall", who, ms: while_(), machineSleeps: random.chance(0.2) };
    case "cut":
      return { do: "cut", who, ms: while_(), arrives: random.chance(0.5) };
    case "slow": {
      const slow = random.chance(0.6);
      const travel = () => (slow ? Math.round(lease * random.of([0.01, 0.1, 0.5]) * random.between(0, 1)) : 0.3);
      return { do: "slow", who, request: travel(), answer: travel() };
    }
    case "set-clock":
      return { do: "set-clock", who, skew: Math.round(lease * random.of([-4, -0.3, 0.2, 0.5, 4])) };
    case "pause-redis":
      return { do: "pause-redis", ms: while_() };
    case "restart-redis":
      return {
        do: "restart-redis",
        ms: Math.round(random.between(5, lease / 2)),
        lost: kind === "forgetful" ? random.integer(1, 1000) : 0,
      };
    case "jump-redis-clock":
      return { do: "jump-redis-clock", ms: Math.round(lease * random.of([-3, -0.5, 0.3, 1.5, 5])) };
    case "stop":
    case "start":
      return { do: what, who };
    case "pass":
      return { do: "pass", ms: random.of([0.2, 0.5, 1, random.between(1, 50), while_(), while_(), while_()]) };
  }
}

function endings(random: Random, lease: number, chance: number): Ending[] {
  const unusual: Ending[] = [];
  while (unusual.length < 3 && random.chance(chance)) {
    const end = random.of(["retry", "requeue", "park", "dead-letter"] as const);
    unusual.push(end === "park" ? { end, ms: Math.round(lease * random.between(0, 4)) } : { end });
  }
  return [...unusual, { end: "done" }];
}
