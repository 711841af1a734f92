/** One thing that is looked after, with the reason when it is not well. */
export interface Finding {
  name: string;
  ok: boolean;
  /** A sentence; when all is well, what was seen. */
  reason: string;
}

export interface Check {
  ok: boolean;
  findings: readonly Finding[];
}

/** Keeps the condition of a process for those who ask: loops write into it, requests only read. */
export interface HealthState {
  /**
   * A loop that must turn: it calls the answer at every turn. The process counts as alive while every loop turned within
   * its time.
   *
   * @param within  seconds
   */
  loop(name: string, within: number): () => void;
  /** Something that must hold for work to be done. It does not, until first told. */
  condition(name: string): Condition;
  live(): Check;
  ready(): Check;
}

export interface Condition {
  holds(reason: string): void;
  fails(reason: string): void;
}

/** @param now  clock in ms that never goes back */
export function createHealthState(now: () => number = () => performance.now()): HealthState {
  const loops = new Map<string, { within: number; turned: number }>();
  const conditions = new Map<string, Finding>();
  return {
    loop(name, within) {
      const loop = { within, turned: now() };
      loops.set(name, loop);
      return () => {
        loop.turned = now();
      };
    },
    condition(name) {
      conditions.set(name, { name, ok: false, reason: "not known yet" });
      return {
        holds: (reason) => conditions.set(name, { name, ok: true, reason }),
        fails: (reason) => conditions.set(name, { name, ok: false, reason }),
      };
    },
    live: () =>
      check(
        [...loops].map(([name, { within, turned }]) => {
          const age = (now() - turned) / 1000;
          return { name, ok: age <= within, reason: `turned ${age.toFixed(1)} s ago, at most ${within} s are allowed` };
        }),
      ),
    ready: () => check([...conditions.values()]),
  };
}

function check(findings: readonly Finding[]): Check {
  return { ok: findings.every((finding) => finding.ok), findings };
}
