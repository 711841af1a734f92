import type { Process } from "./process.ts";
import type { Snapshot } from "./redis/keyspace.ts";
import type { Reply } from "./redis/reply.ts";
import { SimulatedRedis } from "./redis/server.ts";
import type { Timeline } from "./timeline.ts";

/** What a process asks of Redis in one go. */
export interface Request {
  /** What it is about: a script's name, or one of a peer's actions. */
  about: string;
  commands: string[][];
  /** Nobody waits for the answer any more. */
  abandoned?: boolean;
  /** Between `MULTI` and `EXEC`: only if this says so, asked in the moment of `EXEC` (kombu's `WATCH`). */
  unless?: () => boolean;
}

/** Told about everything that Redis has done. */
export interface Witness {
  saw(by: Process, request: Request, replies: Reply[]): void;
  /** What it knows, to come back to it when Redis loses what it has done since. */
  remember(): unknown;
  recall(memory: unknown): void;
}

/** Redis' clock begins here: ms since 1970. */
const epoch = Date.UTC(2030, 0, 1);

/** What one request keeps it busy, in ms. */
const timeOfOne = 0.02;

/** The machine that Redis runs on: it may pause, restart and lose what it wrote last, and its clock may jump. */
export class RedisHost {
  readonly redis: SimulatedRedis;
  witness: Witness | undefined;
  /** Told of every request that was run, with its answers. */
  record: ((request: Request, replies: Reply[], now: number) => void) | undefined;
  #ahead = 0;
  #freeAt = 0;
  readonly #timeline: Timeline;
  readonly #waiting = new Set<{ lists: readonly string[]; wake: () => void }>();
  readonly #cut = new Set<() => void>();
  /** What the disk might hold: after every change, the last second of them, when it is written but once a second. */
  readonly #history: { at: number; snapshot: Snapshot; memory: unknown }[] = [];
  readonly #keepsHistory: boolean;

  constructor(timeline: Timeline, options: { keepsHistory: boolean; alter?: (source: string) => string }) {
    this.#timeline = timeline;
    this.#keepsHistory = options.keepsHistory;
    this.redis = new SimulatedRedis({ now: () => this.now(), ...(options.alter && { alter: options.alter }) });
  }

  /** Milliseconds since 1970 by its clock. */
  now(): number {
    return this.truth() + this.#ahead;
  }

  /** The same by a clock that is always right. */
  truth(): number {
    return epoch + this.#timeline.now;
  }

  /** Timeline: when it can run the next command. */
  get freeAt(): number {
    return this.#freeAt;
  }

  /** Runs what has arrived; answers undefined when a watched key has changed. */
  run(by: Process, request: Request): Reply[] | undefined {
    this.#freeAt = this.#timeline.now + timeOfOne;
    if (request.unless?.()) return undefined;
    const replies = request.commands.map((command) => this.redis.execute(command));
    this.record?.(request, replies, this.now());
    this.witness?.saw(by, request, replies);
    if (this.#keepsHistory) this.#remember();
    for (const waiter of this.#waiting) if (this.#isWaited(waiter.lists)) waiter.wake();
    return replies;
  }

  /** Calls once when one of the lists holds something. */
  whenFilled(lists: readonly string[], act: () => void): { stop(): void } {
    const waiter = {
      lists,
      wake: () => {
        this.#waiting.delete(waiter);
        act();
      },
    };
    this.#waiting.add(waiter);
    if (this.#isWaited(lists)) waiter.wake();
    return { stop: () => void this.#waiting.delete(waiter) };
  }

  /** Calls when it cuts all connections. */
  onCut(listener: () => void): void {
    this.#cut.add(listener);
  }

  pause(ms: number): void {
    this.#freeAt = Math.max(this.#freeAt, this.#timeline.now + ms);
  }

  jumpClock(ms: number): void {
    this.#ahead += ms;
  }

  correctClock(): void {
    this.#ahead = 0;
  }

  /** Comes back with what was on the disk `lost` ms ago. */
  restart(lost: number): void {
    if (lost > 0) {
      const disk = this.#history.findLast(({ at }) => at <= this.#timeline.now - lost) ?? this.#history[0];
      if (disk) {
        this.redis.restart(disk.snapshot);
        this.witness?.recall(disk.memory);
        this.#history.length = 0;
      }
    } else this.redis.restart(this.redis.snapshot());
    if (this.#keepsHistory) this.#remember();
    for (const listener of this.#cut) listener();
  }

  #remember(): void {
    const { now } = this.#timeline;
    const kept = this.#history.findLastIndex(({ at }) => at <= now - 1000);
    if (kept > 0) this.#history.splice(0, kept);
    this.#history.push({ at: now, snapshot: this.redis.snapshot(), memory: this.witness?.remember() });
  }

  #isWaited(lists: readonly string[]): boolean {
    return lists.some((list) => this.redis.space.kind(list) === "list");
  }
}
