import type { Delivery } from "../broker/broker.ts";
import type { Envelope } from "../message/envelope.ts";
import type { RemoteError } from "../results/results.ts";
import type { TaskIdentity } from "./hooks.ts";
import { LeaseLost, WorkerShutdown } from "./outcomes.ts";
import type { Task, TaskRequest } from "./task.ts";
import type { MetaOwner } from "./task-meta.ts";

/** A message that this worker has popped and not yet settled. */
export interface Held {
  readonly delivery: Delivery;
  /** Position in the order of popping: when messages are given back, the oldest comes to lie at the head. */
  readonly order: number;
  /** Present once the message is read and understood. */
  work: Work | undefined;
  /** Present once the message is read and not understood. */
  refusal: Refusal | undefined;
  /** When the broker last made the lease ours, taken *before* it was asked; monotonic, in ms. */
  leasedAt: number;
  /** Somebody else may have the message. Ends when we happen to pop the very same message again. */
  lost: boolean;
  /** Aborted with {@link LeaseLost} when the lease is lost for the first time. */
  readonly leaseLost: AbortController;
  /** Aborted with {@link WorkerShutdown}. */
  readonly stop: AbortController;
  /** When it was handed to the runner, undefined while it waits for its eta. */
  runningSince: Date | undefined;
  /** Being given back: whoever pops it next, this worker too, has it anew. */
  leaving: boolean;
  /** The worker no longer waits for it: whatever its task still brings counts for nothing. */
  abandoned: boolean;
}

/** A message that was understood, and who does it. */
export interface Work {
  request: TaskRequest;
  task: Task;
  envelope: Envelope;
  /** Whose state the results are. */
  owner: MetaOwner;
  /** Not to be run before. */
  eta: Date | undefined;
  /** Not to be run after. */
  expires: Date | undefined;
  /** The sender asked for no result. */
  ignoreResult: boolean;
}

/** Why a message is put aside, and what a client that waits for it is told. */
export interface Refusal {
  reason: string;
  text: string;
  error: RemoteError;
  traceback: string | null;
  /** Undefined where the message does not tell it. */
  id: string | undefined;
  name: string | undefined;
}

/** All that one worker holds, by delivery tag. */
export class HeldMessages {
  readonly lease: number;
  #byTag = new Map<string, Held>();
  #popped = 0;

  /** @param lease  length of a lease in ms */
  constructor(lease: number) {
    this.lease = lease;
  }

  get size(): number {
    return this.#byTag.size;
  }

  [Symbol.iterator](): IterableIterator<Held> {
    return this.#byTag.values();
  }

  get(tag: string): Held | undefined {
    return this.#byTag.get(tag);
  }

  /** @param askedAt  monotonic time before the pop, in ms */
  add(delivery: Delivery, askedAt: number): Held {
    const held: Held = {
      delivery,
      order: this.#popped++,
      work: undefined,
      refusal: undefined,
      leasedAt: askedAt,
      lost: false,
      leaseLost: new AbortController(),
      stop: new AbortController(),
      runningSince: undefined,
      leaving: false,
      abandoned: false,
    };
    this.#byTag.set(delivery.tag, held);
    return held;
  }

  remove(held: Held): void {
    if (this.#byTag.get(held.delivery.tag) === held) this.#byTag.delete(held.delivery.tag);
  }

  /** Whether the lease is known to be lost, or older than its length and therefore as good as lost. */
  isLost(held: Held): boolean {
    return held.lost || monotonic() - held.leasedAt > this.lease;
  }
}

export function loseLease(held: Held, how: "answered" | "clock"): void {
  held.lost = true;
  held.leaseLost.abort(new LeaseLost(how));
}

/** @param askedAt  monotonic time before the pop that gave us the message again, in ms */
export function regainLease(held: Held, askedAt: number): void {
  held.lost = false;
  held.leasedAt = askedAt;
}

export function interrupt(held: Held): void {
  held.stop.abort(new WorkerShutdown());
}

/** Whose message it is, for events and logs; the delivery tag stands for an id that cannot be read. */
export function identity({ delivery, work, refusal }: Held): TaskIdentity {
  return {
    id: work?.request.id ?? refusal?.id ?? delivery.tag,
    name: work?.request.name ?? refusal?.name ?? "?",
    queue: delivery.queue,
    retries: work?.request.retries ?? 0,
  };
}

/** Milliseconds on a clock that nobody sets. */
export function monotonic(): number {
  return performance.now();
}
