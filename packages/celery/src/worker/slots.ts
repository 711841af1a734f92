import type { Broker } from "../broker/broker.ts";
import type { EndMessage } from "./end-message.ts";
import { type Held, type HeldMessages, identity, requestView } from "./held.ts";
import type { Emit } from "./hooks.ts";
import { type Receiving, receive } from "./receive.ts";
import type { RevokedTasks } from "./revoked-tasks.ts";
import { isExpired, type Runner } from "./runner.ts";
import type { Persistence } from "./settle.ts";
import { Shelf } from "./shelf.ts";
import type { TaskBook } from "./task-book.ts";

export interface SlotsOptions {
  broker: Broker;
  held: HeldMessages;
  book: TaskBook;
  receiving: Receiving;
  revoked: RevokedTasks;
  runner: Runner;
  end: EndMessage;
  persist: Persistence;
  concurrency: number;
  /** How many messages are held for each slot; 0: no limit. */
  prefetchMultiplier: number;
  emit: Emit;
  /** Called when there is room again, or something else for the loop to do. */
  wake(): void;
  /** Called with the time at which a parked message comes back. */
  parked(until: Date): void;
}

/** More messages than this, beside as many as may be prefetched, are not settled at once: the broker does not keep up. */
const mostSettling = 100;

/** Without a prefetch limit so many messages are held all the same. */
const unlimited = 10_000;

/**
 * Where held messages wait and run: reserved for the next free slot, on the shelf until their time, or active. What
 * finds no room on the shelf is parked with the broker.
 */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #waiting: Held[] = [];
  readonly #shelf: Shelf;
  /** Messages that run or are being settled. */
  readonly #busy = new Set<Promise<void>>();
  /** Those on the shelf whose turn under a rate limit is taken. */
  readonly #turnTaken = new WeakSet<Held>();
  #concurrency: number;
  #active = 0;
  #closed = false;

  constructor(options: SlotsOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency;
    this.#shelf = new Shelf(this.prefetch);
  }

  /** How many messages wait or run at most, those on the shelf not counted. */
  get prefetch(): number {
    return this.#concurrency * this.#options.prefetchMultiplier || unlimited;
  }

  /** A message whose task has ended makes room before it is settled: the next ones come while the broker hears of it. */
  get room(): number {
    const pending = this.#waiting.length + this.#active;
    const settling = this.#options.held.size - this.#shelf.size - pending;
    return settling > this.prefetch + mostSettling ? 0 : this.prefetch - pending;
  }

  get concurrency(): number {
    return this.#concurrency;
  }

  get active(): number {
    return this.#active;
  }

  get reserved(): number {
    return this.#waiting.length;
  }

  get scheduled(): number {
    return this.#shelf.size;
  }

  msUntilDue(): number {
    return this.#shelf.msUntilDue();
  }

  resize(concurrency: number): void {
    this.#concurrency = concurrency;
    this.#shelf.capacity = this.prefetch;
    this.#startWaiting();
    this.#options.wake();
  }

  accept(held: Held): void {
    const { receiving, book, emit } = this.#options;
    const read = receive(held.delivery, receiving);
    if ("refusal" in read) {
      held.refusal = read.refusal;
      this.#settle(held);
      return;
    }
    const { work } = read;
    held.work = work;
    book.countReceived(work.request.name);
    emit("task:received", { ...identity(held), redelivered: held.delivery.redelivered }, () => requestView(held, work));
    const due = work.request.eta?.getTime() ?? 0;
    if (this.#isRevoked(held) || isExpired(work)) this.#settle(held);
    else if (due > Date.now()) this.#keep(held, due);
    else this.#offer(held);
  }

  startDue(): void {
    for (let held = this.#shelf.takeDue(); held; held = this.#shelf.takeDue()) this.#offer(held);
  }

  /** These tasks shall not run; what waits is settled at once. Answers the running ones among them. */
  revoke(matches: (held: Held) => boolean): Held[] {
    const running: Held[] = [];
    for (const held of this.#options.held) {
      if (held.refusal || !matches(held)) continue;
      held.revoked = true;
      if (held.place === "active") running.push(held);
      else if (this.#takeOut(held)) this.#settle(held);
    }
    return running;
  }

  /** Nothing begins any more: what waits stays held until somebody gives it back. */
  close(): void {
    this.#closed = true;
    this.#shelf.clear();
    this.#waiting.length = 0;
  }

  /** Resolves when nothing runs or is being settled any more. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy);
  }

  #isRevoked(held: Held): boolean {
    held.revoked ||= this.#options.revoked.isRevoked(held.work!.request);
    return held.revoked;
  }

  /** For one whose time has come: it waits for its turn under a rate limit, or for a slot. */
  #offer(held: Held): void {
    const { rates } = this.#options.book;
    const { name } = held.work!.task;
    if (rates.has(name) && !this.#turnTaken.has(held)) {
      const turn = rates.next(name);
      const isNow = turn <= Date.now();
      if (!isNow && !this.#shelf.hasRoomFor(turn)) {
        this.#park(held, rates.takeEstimate(name));
        return;
      }
      rates.take(name);
      if (!isNow) {
        this.#turnTaken.add(held);
        this.#keep(held, turn);
        return;
      }
    }
    held.place = "reserved";
    if (this.#closed) return;
    this.#waiting.push(held);
    this.#startWaiting();
  }

  #keep(held: Held, due: number): void {
    held.place = "scheduled";
    const over = this.#shelf.put(held, due);
    if (over) this.#park(over.held, over.due);
    this.#options.wake();
  }

  #park(held: Held, due: number): void {
    const { broker, persist, end, parked } = this.#options;
    const until = new Date(due);
    held.place = "reserved";
    held.leaving = true;
    this.#track(
      persist
        .settle(held, () => broker.park(held.delivery.tag, until))
        .then((settlement) => {
          end.concluded(held, settlement);
          parked(until);
        }),
    );
  }

  #startWaiting(): void {
    while (this.#active < this.#concurrency) {
      const held = this.#waiting.shift();
      if (!held) return;
      this.#start(held);
    }
  }

  #start(held: Held): void {
    if (this.#isRevoked(held)) {
      this.#settle(held);
      return;
    }
    const { runner } = this.#options;
    this.#active++;
    held.place = "active";
    const freed = () => {
      this.#active--;
      this.#startWaiting();
    };
    this.#track(runner.run(held, freed));
  }

  /** Ends a message that needs no slot: nothing of it runs. */
  #settle(held: Held): void {
    held.place = "active";
    this.#track(this.#options.runner.run(held, () => {}));
  }

  #track(run: Promise<void>): void {
    const tracked = run.finally(() => {
      this.#busy.delete(tracked);
      this.#options.wake();
    });
    this.#busy.add(tracked);
  }

  #takeOut(held: Held): boolean {
    if (held.leaving) return false;
    this.#shelf.remove(held);
    const at = this.#waiting.indexOf(held);
    if (at >= 0) this.#waiting.splice(at, 1);
    held.place = "reserved";
    return true;
  }
}
