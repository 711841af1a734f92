import type { Process } from "../../../celery/test/simulation/process.ts";

/** What happens to a process in the moment of one of its calls. */
export interface Fate {
  /** Which calls are counted: `rename`, `write`, `COMMIT`, ...; a kind of them (`disk`, `database`) means all of it. */
  call: string;
  /** The one that it happens at, from 1. */
  nth: number;
  moment: "before" | "after";
  act: () => void;
}

/** What is in store for processes. */
export class Fates {
  readonly #of = new Map<Process, Fate[]>();

  add(process: Process, fate: Fate): void {
    this.#of.set(process, [...(this.#of.get(process) ?? []), { ...fate }]);
  }

  clear(process: Process): void {
    this.#of.delete(process);
  }

  /** Counts a call of this process down; what is due happens. */
  meets(process: Process, kind: "disk" | "database", call: string, moment: "before" | "after"): void {
    const all = this.#of.get(process);
    if (!all) return;
    for (const fate of all) {
      if (fate.moment !== moment || (fate.call !== call && fate.call !== kind)) continue;
      fate.nth--;
      if (fate.nth > 0) continue;
      all.splice(all.indexOf(fate), 1);
      fate.act();
      return;
    }
  }
}
