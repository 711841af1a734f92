import { redisKeys } from "../../src/broker/redis-keys.ts";
import { Connection, usual } from "./connection.ts";
import { Ledger } from "./ledger.ts";
import { anEnvelope, asText, type MessageName, messageName, nameIn } from "./message.ts";
import { OurWorker } from "./our-worker.ts";
import { monotonicOfWhoRuns, Process } from "./process.ts";
import { PythonPeer } from "./python-peer.ts";
import { RedisHost } from "./redis-host.ts";
import type { Violation } from "./rules.ts";
import type { Ending, Schedule, Step } from "./schedule.ts";
import { Tale } from "./tale.ts";
import { Timeline } from "./timeline.ts";
import { Troubles } from "./troubles.ts";

export interface Outcome {
  violation: Violation | undefined;
  tale: Tale;
  /** How messages ended, and how often what happened. */
  counts: Record<string, number>;
}

export interface WorldOptions {
  /** Changes the text of scripts. */
  alter?: (source: string) => string;
  /** Told of all that Redis is asked. */
  record?: RedisHost["record"];
}

/** Runs a schedule, and then on until nothing is left to do. The same schedule runs the same way every time. */
export async function simulate(schedule: Schedule, options: WorldOptions = {}): Promise<Outcome> {
  const real = performance.now;
  performance.now = monotonicOfWhoRuns;
  try {
    const world = new World(schedule, options);
    await world.run(schedule.steps);
    return world.outcome();
  } finally {
    performance.now = real;
  }
}

/** A place for a worker or a peer: who is in it now. */
interface Slot {
  name: string;
  start: () => Participant;
  now: Participant;
  starts: number;
}

type Participant = OurWorker | PythonPeer;

const keys = redisKeys();

class World {
  readonly #timeline = new Timeline();
  readonly #tale = new Tale(() => this.#timeline.now);
  readonly #troubles = new Troubles();
  readonly #host: RedisHost;
  readonly #ledger: Ledger;
  readonly #slots: Slot[] = [];
  readonly #queues: string[];
  readonly #schedule: Schedule;
  readonly #producer: Connection;
  readonly #plans = new Map<MessageName, { work: number; endings: Ending[] }>();
  readonly #connections = new Map<Process, Connection>();
  #longest = 0;

  constructor(schedule: Schedule, { alter, record }: WorldOptions) {
    this.#schedule = schedule;
    const { setup, steps } = schedule;
    const keepsHistory = steps.some((step) => step.do === "restart-redis" && step.lost > 0);
    this.#host = new RedisHost(this.#timeline, { keepsHistory, ...(alter && { alter }) });
    this.#host.record = record;
    this.#queues = Array.from({ length: setup.queues }, (_, i) => `q${i + 1}`);
    this.#ledger = new Ledger(this.#host, this.#timeline, this.#troubles, {
      lease: setup.lease,
      visibilityTimeout: setup.visibilityTimeout,
      lists: this.#queues.flatMap(keys.lists),
      deadLetters: keys.deadLetters,
      calmSince: () => this.#calmSince(),
      hasRoom: () => this.#slots.some(({ now }) => now instanceof OurWorker && now.hasRoom && this.#isCalm(now)),
    });
    this.#host.witness = this.#ledger;
    this.#producer = new Connection(new Process("producer", this.#timeline), this.#host, this.#timeline);
    for (let i = 1; i <= setup.workers; i++) this.#addSlot(`worker ${i}`, (connection) => this.#newWorker(connection));
    for (const [i, peer] of setup.peers.entries()) {
      this.#addSlot(`python ${i + 1}`, (connection) => new PythonPeer({ ...this.#common(connection), setup: peer }));
    }
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.do !== "pass") this.#tale.tell("-", describe(step));
      await this.#do(step);
      if (this.#ledger.violation) return;
    }
    await this.#comeToAnEnd();
  }

  outcome(): Outcome {
    const { violation, finished, runs, published } = this.#ledger;
    if (violation) this.#tale.tell("-", violation.message);
    const counts: Record<string, number> = { published: published.size, "run again": 0 };
    for (const fate of finished.values()) counts[fate] = (counts[fate] ?? 0) + 1;
    for (const run of runs.values()) counts["run again"]! += run - 1;
    return { violation, tale: this.#tale, counts };
  }

  // ---- Who takes part ----

  #addSlot(name: string, make: (connection: Connection) => Participant): void {
    const slot = { name, starts: 0 } as Slot;
    slot.start = () => {
      const life = slot.starts++ === 0 ? name : `${name}'${slot.starts}`;
      const process = new Process(life, this.#timeline);
      const connection = new Connection(process, this.#host, this.#timeline);
      this.#connections.set(process, connection);
      slot.now = make(connection);
      process.resume(() => slot.now.start());
      this.#timeline.after(0, () => process.resume(() => {}));
      return slot.now;
    };
    slot.start();
    this.#slots.push(slot);
  }

  #common(connection: Connection) {
    return {
      connection,
      ledger: this.#ledger,
      tale: this.#tale,
      queues: this.#queues,
      plan: (name: MessageName, run: number) => {
        const { work, endings } = this.#plans.get(name)!;
        return { work, ending: endings[Math.min(run, endings.length) - 1]! };
      },
    };
  }

  #newWorker(connection: Connection): OurWorker {
    const { lease, visibilityTimeout, concurrency } = this.#schedule.setup;
    const { plan, tale, queues } = this.#common(connection);
    const { process } = connection;
    return new OurWorker({
      ...{ connection, tale, queues, lease, visibilityTimeout, concurrency, nameOf: nameIn },
      known: (tag, by, deaths) => this.#ledger.known(tag, by, deaths),
      perform: async (_held, name) => {
        this.#ledger.start(name, process);
        const { work, ending } = plan(name, this.#ledger.runs.get(name)!);
        tale.tell(process.name, `runs ${name} for ${work} ms`);
        await process.sleep(work);
        return ending;
      },
    });
  }

  #isCalm({ process }: OurWorker): boolean {
    return process.alive && this.#troubles.lastEnd(process) <= this.#timeline.now;
  }

  /** Since when at least one worker of ours has lived undisturbed. */
  #calmSince(): number | undefined {
    let since = Number.POSITIVE_INFINITY;
    for (const { now } of this.#slots) {
      if (now instanceof OurWorker && now.process.alive && !now.isStopping) {
        since = Math.min(since, Math.max(now.process.born, this.#troubles.lastEnd(now.process)));
      }
    }
    return since <= this.#timeline.now ? since : undefined;
  }

  // ---- Steps ----

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case "pass":
        await this.#pass(step.ms);
        break;
      case "publish":
        this.#publish(step);
        break;
      case "start":
        this.#start(step.who);
        break;
      case "pause-redis":
        this.#host.pause(step.ms);
        this.#trouble("Redis paused", undefined, step.ms);
        break;
      case "restart-redis":
        this.#trouble("Redis restarted", undefined, 1000 + step.ms);
        this.#host.restart(step.lost);
        this.#host.pause(step.ms);
        break;
      case "jump-redis-clock":
        this.#host.jumpClock(step.ms);
        this.#trouble("Redis' clock jumped", undefined, 0);
        break;
      default: {
        const slot = this.#slots[step.who % this.#slots.length]!;
        if (slot.now.process.alive) this.#hit(slot.now, step);
      }
    }
  }

  #hit(one: Participant, step: Extract<Step, { who: number }>): void {
    const { process } = one;
    const connection = this.#connections.get(process)!;
    switch (step.do) {
      case "kill":
        this.#trouble(`${process.name} was killed`, process, Number.POSITIVE_INFINITY);
        if (step.when !== "now") connection.doom = step.when;
        else this.#die(process);
        break;
      case "stop":
        this.#trouble(`${process.name} stopped`, process, Number.POSITIVE_INFINITY);
        process.resume(() => void one.stop());
        break;
      case "stall":
        this.#trouble(`${process.name} was stalled`, process, step.ms);
        process.stall(step.ms, step.machineSleeps);
        break;
      case "cut":
        this.#trouble(`${process.name} was cut off`, process, step.ms);
        connection.cut(step.ms, step.arrives);
        break;
      case "slow":
        this.#trouble(`${process.name}'s connection was slow`, process, Number.POSITIVE_INFINITY);
        connection.slow(step.request, step.answer);
        break;
      case "set-clock":
        process.skew = step.skew;
    }
  }

  #die(process: Process): void {
    process.die();
    this.#ledger.fellIntoPythonsHole(process);
  }

  #publish(step: Extract<Step, { do: "publish" }>): void {
    const name = messageName(this.#plans.size + 1);
    const queue = this.#queues[step.queue % this.#queues.length]!;
    this.#plans.set(name, { work: step.work, endings: step.endings });
    const text = asText(anEnvelope(name, queue, step.priority), step.by);
    const list = keys.list(queue, step.by === "nobody" ? 0 : step.priority);
    void this.#producer.send({ about: "publish", commands: [["LPUSH", list, text]] }).catch(() => {});
  }

  #start(who: number): void {
    const dead = this.#slots.filter(({ now }) => !now.process.alive);
    if (dead.length > 0) dead[who % dead.length]!.start();
  }

  #trouble(what: string, who: Process | undefined, ms: number): void {
    const { now } = this.#timeline;
    this.#troubles.add({ what, who, from: now, to: now + ms });
    if (Number.isFinite(ms)) this.#longest = Math.max(this.#longest, now + ms);
  }

  async #pass(ms: number): Promise<void> {
    await this.#timeline.pass(ms, () => this.#ledger.violation !== undefined);
    // Who was doomed may have died meanwhile.
    for (const process of this.#connections.keys()) if (!process.alive) this.#ledger.fellIntoPythonsHole(process);
  }

  // ---- The end ----

  /** The faults cease, somebody of ours lives, and time passes until everything is done. */
  async #comeToAnEnd(): Promise<void> {
    this.#tale.tell("-", "the faults cease");
    await this.#pass(this.#longest - this.#timeline.now);
    for (const [process, connection] of this.#connections) {
      if (process.alive) this.#troubles.end(this.#timeline.now, process);
      connection.doom = undefined;
      connection.slow(usual.request, usual.answer);
      process.skew = 0;
    }
    this.#host.correctClock();
    this.#trouble("Redis' clock was corrected", undefined, 0);
    const { lease, visibilityTimeout, peers } = this.#schedule.setup;
    const timeouts = Math.max(visibilityTimeout, ...peers.map((peer) => peer.visibilityTimeout));
    const work = this.#plans.values().reduce((sum, { work: ms, endings }) => sum + 3 * ms * endings.length, 0);
    const deadline = this.#timeline.now + 2 * timeouts + mutexExpires + 40 * lease + work;
    // What was published last is still on its way.
    await this.#pass(lease);
    while (this.#timeline.now < deadline && this.#ledger.unfinished.length > 0 && !this.#ledger.violation) {
      if (!this.#slots.some(({ now }) => now instanceof OurWorker && now.process.alive)) this.#slots[0]!.start();
      await this.#pass(lease / 2);
    }
    this.#ledger.end();
  }
}

/** kombu's mutex of a dead peer blocks for so long, in ms. */
const mutexExpires = 300_000;

function describe(step: Step): string {
  const { do: what, ...rest } = step;
  return `${what} ${JSON.stringify(rest)}`;
}
