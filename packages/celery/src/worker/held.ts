import type { Delivery } from "../broker/broker.ts";
import type { DecodedTask } from "../message/decode-task.ts";
import type { ResultTuple } from "../results/result-tuple.ts";
import type { RemoteError } from "../results/results.ts";
import { Alarm } from "./alarm.ts";
import type { TaskIdentity } from "./hooks.ts";
import type { RequestView } from "./inside.ts";
import { LeaseLost, WorkerShutdown } from "./outcomes.ts";
import type { Task, TaskRequest } from "./task.ts";

/** A message that this worker has popped and not yet settled. */
export interface Held {
  /** The latest, when we happened to pop the very same message again. */
  delivery: Delivery;
  /** Position in the order of popping: when messages are given back, the oldest comes to lie at the head. */
  readonly order: number;
  /** Present once the message is read and understood. */
  work: Work | undefined;
  /** Present once the message is read and not understood. */
  refusal: Refusal | undefined;
  /** Waits for a slot, waits for its time, or runs. */
  place: "reserved" | "scheduled" | "active";
  /** When the broker last made the lease ours, taken *before* it was asked; monotonic, in ms. */
  leasedAt: number;
  /** Somebody else may have the message. Ends when we happen to pop the very same message again. */
  lost: boolean;
  /** Raised with {@link LeaseLost} when the lease is lost for the first time. */
  readonly leaseLost: Alarm;
  /** Raised with {@link WorkerShutdown}. */
  readonly stop: Alarm;
  /** When it began to run. */
  runningSince: Date | undefined;
  /** Of the process it runs in. */
  pid: number | undefined;
  /** What the task itself has sent, for `children` of its result. */
  readonly children: ResultTuple[];
  /** Before it ran, because its task asks for that: nothing is left to settle. */
  acknowledged: boolean;
  /** Shall not run, or no longer: somebody revoked it. */
  revoked: boolean;
  /** Being given back: whoever pops it next, this worker too, has it anew. */
  leaving: boolean;
  /** The worker no longer waits for it: whatever its task still brings counts for nothing. */
  abandoned: boolean;
}

/** A message that was understood, and who does it. */
export interface Work {
  request: TaskRequest;
  task: Task;
  decoded: DecodedTask;
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
  /** Where the message could be read: chords and errbacks learn of the failure. */
  decoded: DecodedTask | undefined;
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
      place: "reserved",
      leasedAt: askedAt,
      lost: false,
      leaseLost: new Alarm(),
      stop: new Alarm(),
      runningSince: undefined,
      pid: undefined,
      children: [],
      acknowledged: false,
      revoked: false,
      leaving: false,
      abandoned: false,
    };
    this.#byTag.set(delivery.tag, held);
    return held;
  }

  /** What runs here of a message that was popped once more: we have lost its lease, known to us or not. */
  again({ tag, queue, redelivered, envelope }: Delivery): Held | undefined {
    const same = this.#byTag.get(tag);
    if (same || !redelivered) return same;
    const own = envelope?.properties.delivery_tag;
    return this.#byTag.values().find(({ delivery, leaving }) => {
      return !leaving && delivery.queue === queue && delivery.envelope?.properties.delivery_tag === own;
    });
  }

  /** @param askedAt  monotonic time before the pop that gave us the message again, in ms */
  regain(held: Held, delivery: Delivery, askedAt: number): void {
    this.remove(held);
    held.delivery = delivery;
    held.lost = false;
    held.leasedAt = askedAt;
    this.#byTag.set(delivery.tag, held);
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
  held.leaseLost.raise(new LeaseLost(how));
}

export function interrupt(held: Held): void {
  held.stop.raise(new WorkerShutdown());
}

/** Whose message it is, for events; the delivery tag stands for an id that cannot be read. */
export function identity({ delivery, work, refusal }: Held): TaskIdentity {
  return {
    id: work?.request.id ?? refusal?.id ?? delivery.tag,
    name: work?.request.name ?? refusal?.name ?? "?",
    queue: delivery.queue,
    retries: work?.request.retries ?? 0,
  };
}

/** The same for a line of the log, whose fields are named as in the lines that a task writes by itself. */
export function logged(held: Held): { task: string; taskId: string; queue: string; retries: number } {
  const { id, name, queue, retries } = identity(held);
  return { task: name, taskId: id, queue, retries };
}

/** What remote control and events see of it. */
export function requestView(held: Held, work: Work): RequestView {
  const { decoded, request } = work;
  const info = decoded.envelope.properties.delivery_info;
  return {
    request,
    state: held.place,
    argsrepr: decoded.argsrepr ?? "",
    kwargsrepr: decoded.kwargsrepr ?? "",
    acknowledged: held.acknowledged,
    deliveryInfo: {
      exchange: info.exchange ?? "",
      routingKey: info.routing_key ?? "",
      priority: decoded.envelope.properties.priority ?? null,
      redelivered: request.redelivered,
    },
    startedAt: held.runningSince,
    pid: held.pid,
  };
}

/** Milliseconds on a clock that nobody sets. */
export function monotonic(): number {
  return performance.now();
}
