import { Connection } from "../../../celery/test/simulation/connection.ts";
import { monotonicOfWhoRuns, Process } from "../../../celery/test/simulation/process.ts";
import { PythonPeer } from "../../../celery/test/simulation/python-peer.ts";
import { Random } from "../../../celery/test/simulation/random.ts";
import { RedisHost } from "../../../celery/test/simulation/redis-host.ts";
import { Tale } from "../../../celery/test/simulation/tale.ts";
import { Timeline } from "../../../celery/test/simulation/timeline.ts";
import { DatabaseHost, type Recorder } from "./database/database-host.ts";
import { Disk } from "./disk/disk.ts";
import { Fates } from "./fate.ts";
import { Judge } from "./judge.ts";
import { Messages } from "./messages.ts";
import { Operator } from "./operator.ts";
import { root, simulatedArchive } from "./packages.ts";
import { type Common, schema } from "./participants.ts";
import { readSchema } from "./postgres/read-schema.ts";
import { SimulatedPostgres } from "./postgres/server.ts";
import { loadProduct, type Product } from "./product/load.ts";
import { SimulatedResults } from "./results.ts";
import type { Violation } from "./rules.ts";
import type { Schedule, Step } from "./schedule.ts";
import { actIn } from "./simulated.ts";
import { StagingManager } from "./staging-manager.ts";
import { StagingWorker } from "./staging-worker.ts";

export interface Outcome {
  violation: Violation | undefined;
  tale: Tale;
  /** How often what happened. */
  counts: Record<string, number>;
}

export interface WorldOptions {
  /** The application's own modules; the unchanged ones by default. */
  product?: Product;
  /** Told of all that the database was asked. */
  record?: Recorder;
}

let unchanged: Promise<Product> | undefined;

/** Runs a schedule, and then on until nothing is left to do. The same schedule runs the same way every time. */
export async function simulate(schedule: Schedule, options: WorldOptions = {}): Promise<Outcome> {
  unchanged ??= loadProduct();
  const product = options.product ?? (await unchanged);
  const real = performance.now;
  performance.now = monotonicOfWhoRuns;
  try {
    const world = new World(schedule, product, options.record);
    await world.run(schedule.steps);
    return world.outcome();
  } finally {
    performance.now = real;
    actIn(undefined);
  }
}

/** A place for a process: who is in it now. */
interface Slot {
  start: () => void;
  now: StagingWorker | StagingManager;
}

/** The database's clock begins here: ms since 1970. */
const epoch = Date.UTC(2030, 0, 1);

class World {
  readonly #timeline = new Timeline();
  readonly #tale = new Tale(() => this.#timeline.now);
  readonly #fates = new Fates();
  readonly #disk = new Disk();
  readonly #redis: RedisHost;
  readonly #database: DatabaseHost;
  readonly #judge: Judge;
  readonly #messages: Messages;
  readonly #operator: Operator;
  readonly #slots: Slot[] = [];
  readonly #connections = new Map<Process, Connection>();
  readonly #schedule: Schedule;
  readonly #common: Omit<Common, "connection">;
  #archiveBrokenUntil = 0;
  #faults = 0;
  /** When the last fault that has an end ends. */
  #longest = 0;

  constructor(schedule: Schedule, product: Product, record: Recorder | undefined) {
    this.#schedule = schedule;
    const { setup, steps } = schedule;
    const random = new Random(setup.seed);
    const keepsHistory = steps.some((step) => step.do === "restart-redis" && step.lost > 0);
    this.#redis = new RedisHost(this.#timeline, { keepsHistory });
    const postgres = new SimulatedPostgres({
      ...{ tables: readSchema(product.migrations.migrations), now: () => epoch + this.#timeline.now, schema },
      newUuid: uuids(),
      transitions: product.transitions.itemTransitions,
    });
    this.#database = new DatabaseHost(postgres, this.#timeline, this.#fates);
    this.#database.record = record;
    actIn({ timeline: this.#timeline, disk: this.#disk, database: this.#database, fates: this.#fates, random });
    for (const folder of [root, `${root}/ramses`]) this.#disk.makeDirectory(folder, 0o755);
    this.#operator = new Operator({
      ...{ product, tale: this.#tale, timeline: this.#timeline, setup },
      connection: this.#connect(new Process("operator", this.#timeline)),
    });
    const { packages } = this.#operator;
    this.#judge = new Judge(this.#disk, postgres, packages, {
      faults: () => this.#faults,
      maxFailures: setup.maxFailures,
    });
    this.#database.onStatement = (by) => this.#judge.stated(by);
    const results = new SimulatedResults();
    results.onStore = ({ task_id: id, status }) => this.#judge.resultStored(id, status);
    this.#messages = new Messages(this.#redis, this.#judge, this.#operator.lists, () => this.#faults === 0);
    this.#redis.witness = this.#messages;
    this.#common = {
      ...{ product, setup, tale: this.#tale, results, judge: this.#judge, messages: this.#messages },
      ...{ locationId: this.#operator.locationId, queue: this.#operator.queue },
      archive: simulatedArchive(
        packages,
        (number) => setup.packages[number]!,
        () => (this.#timeline.now < this.#archiveBrokenUntil ? this.#unreachable() : undefined),
      ),
    };
  }

  async run(steps: readonly Step[]): Promise<void> {
    const { setup } = this.#schedule;
    this.#operator.begin();
    await this.#pass(200);
    this.#operator.requireCatalogue();
    for (let i = 1; i <= setup.workers; i++) this.#addSlot(`worker ${i}`, (common) => new StagingWorker(common));
    for (let i = 1; i <= setup.managers; i++) this.#addSlot(`manager ${i}`, (common) => new StagingManager(common));
    for (const [i, peer] of setup.peers.entries()) this.#addPeer(`python ${i + 1}`, peer);
    for (const step of steps) {
      if (step.do !== "pass") this.#tale.tell("-", describe(step));
      await this.#do(step);
      if (this.#judge.violation) return;
    }
    await this.#comeToAnEnd();
  }

  outcome(): Outcome {
    const { violation, counts } = this.#judge;
    if (violation) this.#tale.tell("-", violation.message);
    return { violation, tale: this.#tale, counts };
  }

  // ---- Who takes part ----

  #connect(process: Process): Connection {
    const connection = new Connection(process, this.#redis, this.#timeline);
    this.#connections.set(process, connection);
    return connection;
  }

  #addSlot(name: string, make: (common: Common) => StagingWorker | StagingManager): void {
    let starts = 0;
    const slot = {} as Slot;
    slot.start = () => {
      const life = starts++ === 0 ? name : `${name}'${starts}`;
      const process = new Process(life, this.#timeline);
      const common = { ...this.#common, connection: this.#connect(process) };
      process.resume(() => {
        slot.now = make(common);
        slot.now.start();
      });
      this.#timeline.after(0, () => process.resume(() => {}));
    };
    slot.start();
    this.#slots.push(slot);
  }

  #addPeer(name: string, { visibilityTimeout, scanEvery }: Schedule["setup"]["peers"][number]): void {
    const peer = new PythonPeer({
      ...{ connection: this.#connect(new Process(name, this.#timeline)), tale: this.#tale, queues: ["python"] },
      ledger: { fellIntoPythonsHole: () => {}, start: () => {}, runs: new Map() },
      setup: { visibilityTimeout, scanEvery, prefetch: 1, keepsPriority: true },
      plan: () => ({ work: 0, ending: { end: "done" } }),
    });
    peer.process.resume(() => peer.start());
  }

  // ---- Steps ----

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case "pass":
        await this.#pass(step.ms);
        break;
      case "request":
      case "duplicate":
      case "cancel":
      case "retry":
        this.#operator.do(step);
        break;
      case "pause-location":
        this.#longest = Math.max(this.#longest, this.#timeline.now + step.ms);
        this.#operator.pauseLocation(step.ms);
        break;
      case "damage": {
        const one = this.#operator.packages[step.package % this.#operator.packages.length]!;
        const isDamaged = this.#judge.isRecorded(one) && this.#judge.damage(one);
        this.#tale.tell("-", isDamaged ? `${one.name} is damaged` : "nothing is there to be damaged");
        break;
      }
      case "start":
        this.#dead[step.who % Math.max(1, this.#dead.length)]?.start();
        break;
      case "restart-database":
        this.#trouble(step.ms);
        this.#database.restart(step.ms);
        break;
      case "break-archive":
        this.#trouble(step.ms);
        this.#archiveBrokenUntil = this.#timeline.now + step.ms;
        break;
      case "pause-redis":
      case "restart-redis":
      case "flush-redis":
        this.#hitRedis(step);
        break;
      default:
        this.#hit(this.#slots[step.who % this.#slots.length]!.now.process, step);
    }
  }

  #hitRedis(step: Extract<Step, { do: "pause-redis" | "restart-redis" | "flush-redis" }>): void {
    this.#messages.disturbed = true;
    this.#trouble("ms" in step ? step.ms : 0);
    if (step.do === "flush-redis") this.#redis.redis.space.clear();
    if (step.do === "restart-redis") this.#redis.restart(step.lost);
    if (step.do !== "flush-redis") this.#redis.pause(step.ms);
  }

  #hit(process: Process, step: Extract<Step, { who: number }>): void {
    if (!process.alive) return;
    if (step.do === "stop") {
      const { now } = this.#slots.find((slot) => slot.now.process === process)!;
      process.resume(() => void now.stop());
      return;
    }
    if (step.do === "start") return;
    if (step.do !== "cut-database") this.#messages.disturbed = true;
    const at = "at" in step ? step.at : undefined;
    const act = () => {
      if (at) this.#tale.tell("-", `${step.do} of ${process.name} ${at.moment} ${at.call}`);
      this.#strike(process, step);
    };
    if (at) this.#fates.add(process, { ...at, act });
    else act();
  }

  #strike(process: Process, step: Extract<Step, { who: number }>): void {
    const connection = this.#connections.get(process)!;
    switch (step.do) {
      case "kill":
      case "vanish":
        this.#trouble(0);
        process.die();
        this.#database.died(process, { silently: step.do === "vanish" });
        break;
      case "stall":
        this.#trouble(step.ms);
        process.stall(step.ms, false);
        break;
      case "cut-redis":
        this.#trouble(step.ms);
        connection.cut(step.ms, step.arrives);
        break;
      case "cut-database":
        this.#trouble(step.ms);
        this.#database.cut(process, step.ms, step);
    }
  }

  get #dead(): Slot[] {
    return this.#slots.filter(({ now }) => !now.process.alive);
  }

  #trouble(ms: number): void {
    this.#faults++;
    this.#longest = Math.max(this.#longest, this.#timeline.now + ms);
  }

  #unreachable(): Error {
    const { TransientError } = this.#common.product.errors;
    class Unreachable extends TransientError {
      readonly code = "CDT-SOURCE-UNREACHABLE";
      readonly help = "";
    }
    this.#faults++;
    return new Unreachable("the simulated archive does not answer");
  }

  async #pass(ms: number): Promise<void> {
    await this.#timeline.pass(ms, () => this.#judge.violation !== undefined || this.#database.defect !== undefined);
    if (this.#database.defect !== undefined) throw this.#database.defect;
  }

  // ---- The end ----

  /** The faults cease, somebody lives, and time passes until everything is done. */
  async #comeToAnEnd(): Promise<void> {
    this.#tale.tell("-", "the faults cease");
    for (const process of this.#connections.keys()) this.#fates.clear(process);
    await this.#pass(this.#longest - this.#timeline.now);
    const { setup } = this.#schedule;
    // What was asked for last is on its way.
    await this.#pass(2000);
    const round = setup.claimLease + setup.claimGrace + setup.sweepInterval + setup.brokerLease;
    const deadline = this.#timeline.now + 20 * round + 8 * setup.reringAfter + 600_000;
    while (this.#timeline.now < deadline && !this.#judge.violation && !this.#isDone()) {
      for (const slot of this.#dead) slot.start();
      await this.#pass(round / 4);
    }
    await this.#pass(2 * setup.leftoversEvery + 1000);
    this.#judge.end(this.#messages.left);
  }

  #isDone(): boolean {
    return this.#judge.unfinished.length === 0 && this.#messages.left === 0;
  }
}

function uuids(): () => string {
  let count = 0;
  return () => `00000000-0000-4000-8000-${String(++count).padStart(12, "0")}`;
}

function describe(step: Step): string {
  const { do: what, ...rest } = step;
  return `${what} ${JSON.stringify(rest)}`;
}
