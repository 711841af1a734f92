import type { Process } from "../../../../celery/test/simulation/process.ts";
import type { Timeline } from "../../../../celery/test/simulation/timeline.ts";
import type { Fates } from "../fate.ts";
import { SqlFailure } from "../postgres/failure.ts";
import type { Answer, Session, SimulatedPostgres } from "../postgres/server.ts";
import type { Transaction } from "../postgres/storage.ts";

/** Usual time that a statement and its answer travel, in ms. */
const usual = { request: 0.4, answer: 0.3 };

/** After so long a server notices that a client is gone which never said goodbye (Linux' keep-alive), in ms. */
const keepAlive = 2 * 3_600_000 + 11 * 60_000;

export interface WireSettings {
  statementTimeout: number;
  /** A transaction in which the client has been silent for so long is ended; never by default. */
  idleInTransaction: number | undefined;
  /** A statement's answer is awaited for so long. */
  queryTimeout: number;
}

export class ConnectionBroken extends Error {}

/** Told of every statement with its answer, and of every connection that has ended. */
export interface Recorder {
  /** `now` is what now() said, `moment` what the clock says. */
  asked(session: string, text: string, values: readonly unknown[], answer: Answer, now: number, moment: number): void;
  closed(session: string): void;
}

/** The machine with the database: it may be away for a while, and lose its connections. */
export class DatabaseHost {
  readonly postgres: SimulatedPostgres;
  readonly timeline: Timeline;
  readonly fates: Fates;
  /** Told after every statement: who asked it. */
  onStatement: (by: Process, text: string) => void = () => {};
  record: Recorder | undefined;
  /** What the simulated server did not understand: the simulation is worth nothing then. */
  defect: unknown;
  readonly #wires = new Set<Wire>();
  readonly #cutOff = new Map<Process, number>();
  #awayUntil = 0;
  #sessions = 0;

  constructor(postgres: SimulatedPostgres, timeline: Timeline, fates: Fates) {
    this.postgres = postgres;
    this.timeline = timeline;
    this.fates = fates;
  }

  isReachable(by: Process): boolean {
    return this.timeline.now >= this.#awayUntil && this.timeline.now >= (this.#cutOff.get(by) ?? 0);
  }

  connect(by: Process, settings: WireSettings): Promise<Wire> {
    return new Promise((resolve, reject) => {
      by.later(usual.request, () => {
        if (!this.isReachable(by)) return reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
        const wire = new Wire(this, by, this.postgres.session(`${by.name}#${++this.#sessions}`), settings);
        this.#wires.add(wire);
        resolve(wire);
      });
    });
  }

  /** Restarts: nobody can connect for so long, and what was not committed is gone. */
  restart(ms: number): void {
    this.#awayUntil = Math.max(this.#awayUntil, this.timeline.now + ms);
    for (const wire of [...this.#wires]) wire.break(true);
  }

  /**
   * Cuts a process off for so long.
   *
   * @param arrives statements that are on their way are still carried out; their answers are lost
   * @param lingers the server hears nothing of it: an open transaction stays open
   */
  cut(by: Process, ms: number, { arrives, lingers }: { arrives: boolean; lingers: boolean }): void {
    this.#cutOff.set(by, Math.max(this.#cutOff.get(by) ?? 0, this.timeline.now + ms));
    for (const wire of this.of(by)) wire.break(!arrives, lingers ? Math.min(ms, keepAlive) : 0);
  }

  /** A process has died: its system closes its connections; a machine that is gone does not. */
  died(by: Process, { silently }: { silently: boolean }): void {
    for (const wire of this.of(by)) wire.break(true, silently ? keepAlive : 0);
  }

  of(by: Process): Wire[] {
    return [...this.#wires].filter((wire) => wire.process === by);
  }

  forget(wire: Wire): void {
    this.#wires.delete(wire);
  }
}

interface InFlight {
  dropped: boolean;
  settle: ((answer: Answer | { lost: true }) => void) | undefined;
}

/** One connection: a statement at a time. */
export class Wire {
  readonly process: Process;
  onBreak: () => void = () => {};
  isBroken = false;
  /** The server's last words: the next statement is answered with them. */
  #lastWords: SqlFailure | undefined;
  readonly #host: DatabaseHost;
  readonly #session: Session;
  readonly #settings: WireSettings;
  #flight: InFlight | undefined;
  /** Counts what the server hears, for its time-out. */
  #heard = 0;

  constructor(host: DatabaseHost, process: Process, session: Session, settings: WireSettings) {
    this.#host = host;
    this.process = process;
    this.#session = session;
    this.#settings = settings;
  }

  /** @throws SqlFailure; ConnectionBroken when no answer comes */
  ask(text: string, values: readonly unknown[]): Promise<Record<string, unknown>[]> {
    const { timeline, fates } = this.#host;
    const call = text.trimStart().split(/\s/, 1)[0]!.toUpperCase();
    return new Promise((resolve, reject) => {
      const words = this.#lastWords;
      this.#lastWords = undefined;
      if (this.isBroken) return reject(words ?? new ConnectionBroken("the connection was broken before"));
      const flight: InFlight = { dropped: false, settle: undefined };
      flight.settle = (answer) => {
        flight.settle = undefined;
        if (this.#flight === flight) this.#flight = undefined;
        if ("rows" in answer) resolve(answer.rows);
        else if ("failure" in answer) reject(answer.failure);
        else reject(new ConnectionBroken("Connection terminated unexpectedly"));
      };
      this.#flight = flight;
      fates.meets(this.process, "database", call, "before");
      const send = () => {
        if (flight.settle === undefined) return;
        timeline.after(usual.request, () => {
          if (!flight.dropped) this.#carryOut(flight, call, text, values);
        });
        timeline.after(this.#settings.queryTimeout, () => this.process.resume(() => flight.settle && this.break(true)));
      };
      this.process.resume(send);
    });
  }

  close(): void {
    this.#host.forget(this);
    this.isBroken = true;
    const { timeline } = this.#host;
    timeline.after(usual.request, () => this.#end());
  }

  /**
   * @param drops  what has not arrived yet never will
   * @param lingers the server goes on to think that the client is there, for so long
   */
  break(drops: boolean, lingers = 0): void {
    this.#host.forget(this);
    this.isBroken = true;
    const flight = this.#flight;
    if (flight && drops) flight.dropped = true;
    const { timeline } = this.#host;
    // What still arrives is carried out before the server sees that the connection has ended.
    timeline.after(lingers > 0 ? lingers : drops ? 0 : usual.request + 0.1, () => this.#end());
    timeline.after(0, () => this.process.resume(() => this.onBreak()));
    if (flight) timeline.after(0, () => this.process.resume(() => flight.settle?.({ lost: true })));
  }

  #carryOut(flight: InFlight, call: string, text: string, values: readonly unknown[]): void {
    const { timeline, fates } = this.#host;
    this.#heard++;
    const since = timeline.now;
    const attempt = () => {
      const answer = this.#execute(text, values);
      if (!("blocker" in answer)) return finish(answer);
      tell(answer);
      this.#wait(answer.blocker, since, attempt, finish);
    };
    const tell = (answer: Answer) =>
      this.#host.record?.asked(
        this.#session.name,
        text,
        values,
        answer,
        this.#session.clock,
        this.#host.postgres.now(),
      );
    const finish = (answer: Answer) => {
      tell(answer);
      this.#host.onStatement(this.process, text);
      this.#watchSilence();
      fates.meets(this.process, "database", call, "after");
      timeline.after(usual.answer, () => this.process.resume(() => flight.settle?.(answer as never)));
    };
    attempt();
  }

  #end(): void {
    this.#session.close();
    this.#host.record?.closed(this.#session.name);
  }

  #execute(text: string, values: readonly unknown[]): Answer {
    try {
      return this.#session.execute(text, values);
    } catch (error) {
      this.#host.defect ??= error;
      throw error;
    }
  }

  /** Until the other transaction has ended; not longer than statements may take, and not for ever in a circle. */
  #wait(blocker: Transaction, since: number, again: () => void, finish: (answer: Answer) => void): void {
    const { timeline } = this.#host;
    const own = this.#session.transaction!;
    waitsFor.set(own, blocker);
    let done = false;
    const end = (act: () => void) => {
      if (done) return;
      done = true;
      waitsFor.delete(own);
      blocker.onEnd.delete(wake);
      if (!own.ended) act();
    };
    // As soon as the other's end is told, and before anybody else's statement.
    const wake = () => {
      timeline.touched = true;
      queueMicrotask(() => end(again));
    };
    blocker.onEnd.add(wake);
    if (isCircle(own)) {
      const deadlock = new SqlFailure("40P01", "deadlock detected");
      timeline.after(1000, () => end(() => finish(this.#session.cancel(deadlock))));
    }
    const timeout = new SqlFailure("57014", "canceling statement due to statement timeout");
    const left = this.#settings.statementTimeout - (timeline.now - since);
    timeline.after(left, () => end(() => finish(this.#session.cancel(timeout))));
  }

  #watchSilence(): void {
    const { idleInTransaction } = this.#settings;
    if (idleInTransaction === undefined || !this.#session.isOpen) return;
    const heard = this.#heard;
    this.#host.timeline.after(idleInTransaction, () => {
      if (heard !== this.#heard || !this.#session.isOpen) return;
      this.#lastWords = new SqlFailure("25P03", "terminating connection due to idle-in-transaction timeout");
      this.#end();
      this.break(true);
    });
  }
}

const waitsFor = new WeakMap<Transaction, Transaction>();

function isCircle(from: Transaction): boolean {
  for (let at = waitsFor.get(from); at; at = waitsFor.get(at)) if (at === from) return true;
  return false;
}
