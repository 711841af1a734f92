import { type Hold, owner } from "./hold.ts";
import type { MessageName } from "./message.ts";
import type { RedisHost } from "./redis-host.ts";
import { Violation } from "./rules.ts";
import type { Timeline } from "./timeline.ts";

export interface WaitingOptions {
  /** Length of a lease in ms. */
  lease: number;
  /** Since when one of our workers lives undisturbed; undefined when none does. */
  calmSince: () => number | undefined;
  /** Whether such a one could take another message now. */
  hasRoom: () => boolean;
}

/** Watches that nothing lies for long that nobody looks after, while a worker of ours lives undisturbed. */
export class WaitingTimes {
  /** Left by the dead and not popped yet: when it was given back, and whether somebody had room for it all the time. */
  readonly #orphans = new Map<MessageName, { since: number; awaited: boolean }>();
  readonly #host: RedisHost;
  readonly #timeline: Timeline;
  readonly #options: WaitingOptions;

  constructor(host: RedisHost, timeline: Timeline, options: WaitingOptions) {
    this.#host = host;
    this.#timeline = timeline;
    this.#options = options;
  }

  givenBack(name: MessageName): void {
    this.#orphans.set(name, { since: this.#timeline.now, awaited: true });
  }

  taken(name: MessageName): void {
    this.#orphans.delete(name);
    // Who takes others first was not waiting for them.
    for (const orphan of this.#orphans.values()) orphan.awaited = false;
  }

  /** @throws {Violation} */
  check(holds: Iterable<Hold>, isExempt: (name: MessageName) => boolean): void {
    const calm = this.#options.calmSince();
    this.#checkOrphans(calm);
    if (calm === undefined) return;
    const { lease } = this.#options;
    const { now } = this.#timeline;
    for (const hold of holds) {
      if (hold.side !== "ours" || isExempt(hold.name)) continue;
      const over = Math.min(now - calm, now - hold.since, this.#host.now() - (hold.parkedUntil ?? hold.ends));
      if (over <= lease / 2) continue;
      const rule = hold.parkedUntil === undefined ? "not-restored-in-time" : "parked-came-late";
      throw new Violation(rule, `${owner(hold)}, ${over} ms longer than it should`);
    }
  }

  #checkOrphans(calm: number | undefined): void {
    const { lease, hasRoom } = this.#options;
    for (const [name, orphan] of this.#orphans) {
      orphan.awaited &&= calm !== undefined && hasRoom();
      if (orphan.awaited && this.#timeline.now - Math.max(calm!, orphan.since) > lease / 2) {
        throw new Violation("not-popped-in-time", `${name} was left by a dead holder and given back`);
      }
    }
  }
}
