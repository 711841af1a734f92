import { type Broker, createClient } from "@ccatobs/celery";
import { brokerOver } from "../../../celery/test/simulation/broker-over.ts";
import type { Connection } from "../../../celery/test/simulation/connection.ts";
import type { Tale } from "../../../celery/test/simulation/tale.ts";
import type { Timeline } from "../../../celery/test/simulation/timeline.ts";
import type { StagingItem } from "../../src/model/staging.ts";
import type { Database } from "../../src/opsdb/database.ts";
import { insertLocations, insertPackage } from "./catalogue-rows.ts";
import { aPackage, digestOf, locationPath, type SimulatedPackage, sizeOf } from "./packages.ts";
import { openDatabase } from "./participants.ts";
import type { Product } from "./product/load.ts";
import { SimulatedResults } from "./results.ts";
import type { Setup, Step } from "./schedule.ts";
import { taskName } from "./staging-manager.ts";

export interface OperatorOptions {
  product: Product;
  tale: Tale;
  timeline: Timeline;
  setup: Setup;
  connection: Connection;
}

/** Whoever asks for packages, cancels and pauses. Nothing ever happens to him. */
export class Operator {
  readonly packages: SimulatedPackage[];
  readonly locationId = 2;
  readonly queue = "cologne_ramses_staging";
  readonly #options: OperatorOptions;
  readonly #jobs: number[] = [];
  #db: Database | undefined;
  #isReady = false;
  #pauses = 0;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.packages = options.setup.packages.map((_, i) => aPackage(i, options.setup.files));
  }

  get lists(): string[] {
    return [0, 3, 6, 9].map((step) => (step === 0 ? this.queue : `${this.queue}\x06\x16${step}`));
  }

  /** Writes the catalogue. */
  begin(): void {
    this.#act(async () => {
      this.#db = openDatabase(this.#options, this.#options.connection.process);
      await this.#fillCatalogue(this.#db);
      this.#isReady = true;
    });
  }

  requireCatalogue(): void {
    if (!this.#isReady) throw new Error(`the simulated catalogue was not written:\n${this.#options.tale}`);
  }

  do(step: Extract<Step, { do: "request" | "duplicate" | "cancel" | "retry" }>): void {
    const { product } = this.#options;
    const db = this.#db!;
    const jobOf = (number: number) => this.#jobs[number % Math.max(1, this.#jobs.length)];
    this.#act(async () => {
      switch (step.do) {
        case "request":
          return await this.#request(step.packages, step.by);
        case "duplicate":
          return await this.#duplicate(step.item);
        case "cancel": {
          const job = jobOf(step.job);
          if (job !== undefined) await db.transaction((tx) => product.control.cancelJob(tx, job, "operator"));
          return;
        }
        case "retry": {
          const job = jobOf(step.job);
          if (job !== undefined) await db.transaction((tx) => product.control.retryJob(tx, job, "operator"));
        }
      }
    });
  }

  pauseLocation(ms: number): void {
    const { pauseLocation, resumeLocation } = this.#options.product.locations;
    const { process } = this.#options.connection;
    const db = this.#db!;
    const pause = ++this.#pauses;
    this.#act(() => db.transaction((tx) => pauseLocation(tx, this.locationId, "for a while", "operator")));
    process.later(ms, () => {
      if (pause === this.#pauses) void db.transaction((tx) => resumeLocation(tx, this.locationId, "operator"));
    });
  }

  async #request(numbers: readonly number[], by: "ours" | "python"): Promise<void> {
    const wanted = numbers.map((number) => this.packages[number % this.packages.length]!);
    const job = await this.#db!.transaction((tx) =>
      this.#options.product.jobs.createJob(tx, {
        ...{ destinationId: this.locationId, requester: "operator", priority: 3, lifetime: 86_400 },
        items: wanted.map((one) => ({ packageId: one.id, packageName: one.name, size: sizeOf(one) })),
      }),
    );
    this.#jobs.push(job.id);
    if (by === "python") await this.#send({ staging_job_id: job.id }, `job-${job.id}`);
  }

  async #duplicate(number: number | "last"): Promise<void> {
    const { jobItems } = this.#options.product.jobs;
    const items: StagingItem[] = [];
    for (const job of this.#jobs) items.push(...(await jobItems(this.#db!, job)));
    const item = number === "last" ? items.at(-1) : items[number % Math.max(1, items.length)];
    if (item) await this.#send({ staging_item_id: item.id }, item.taskId);
  }

  async #send(kwargs: Record<string, unknown>, id: string): Promise<void> {
    const broker = brokerOver(this.#options.connection) as Broker;
    await createClient({ broker, results: new SimulatedResults().store }).send(this.queue, taskName, { id, kwargs });
  }

  async #fillCatalogue(db: Database): Promise<void> {
    await insertLocations(this.#options.product, db, locationPath);
    for (const one of this.packages) {
      const files = one.files.map(({ path, bytes }) => ({ path, size: bytes.length, digest: digestOf(bytes) }));
      await insertPackage(db, { id: one.id, name: one.name, size: sizeOf(one), files });
    }
  }

  /** What he does may fail while the database or the broker is away: then it was not done, which he sees. */
  #act(act: () => Promise<unknown>): void {
    const { tale, connection } = this.#options;
    connection.process.later(0, () => {
      act().catch((error: unknown) => tale.tell("operator", `it was not done: ${(error as Error).message}`));
    });
  }
}
