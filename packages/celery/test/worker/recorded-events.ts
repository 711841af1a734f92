import type { WorkerEvents, WorkerHooks } from "../../src/index.ts";

type Name = keyof WorkerEvents;

/** Everything a worker said, and a way to wait for what it will say. */
export interface Recorded {
  hooks: WorkerHooks;
  names(): Name[];
  all<E extends Name>(event: E): WorkerEvents[E][];
  /** Resolves with the facts of the first such event, be it past or to come, within 30 s. */
  until<E extends Name>(event: E, matches?: (facts: WorkerEvents[E]) => boolean): Promise<WorkerEvents[E]>;
}

const everyEvent: Name[] = [
  "task:received",
  "task:started",
  "task:succeeded",
  "task:failed",
  "task:retried",
  "task:ignored",
  "task:revoked",
  "task:rejected",
  "task:requeued",
  "task:dead-lettered",
  "task:duplicate",
  "lease:lost",
  "poll",
  "broker:connected",
  "broker:disconnected",
];

/** @param also  listeners that are called after recording */
export function recordEvents(also: WorkerHooks = {}): Recorded {
  const log: { event: Name; facts: unknown }[] = [];
  const waiting = new Set<() => void>();
  const hooks = Object.fromEntries(
    everyEvent.map((event) => [
      event,
      (facts: never) => {
        log.push({ event, facts });
        for (const check of waiting) check();
        return also[event]?.(facts);
      },
    ]),
  ) as WorkerHooks;

  const all = <E extends Name>(event: E) =>
    log.filter((entry) => entry.event === event).map((entry) => entry.facts as WorkerEvents[E]);

  return {
    hooks,
    all,
    names: () => log.map(({ event }) => event).filter((event) => event !== "poll"),
    until(event, matches = () => true) {
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(check);
          reject(new Error(`no ${event} within 30 s; heard: ${log.map((entry) => entry.event).join(" ")}`));
        }, 30_000);
        const check = () => {
          const found = all(event).find(matches);
          if (found === undefined) return;
          clearTimeout(late);
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      });
    },
  };
}
