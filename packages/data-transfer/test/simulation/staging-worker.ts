import {
  type Broker,
  createClient,
  DeadLetter,
  decodeTask,
  type Envelope,
  Ignore,
  Requeue,
  type TaskContext,
} from "@ccatobs/celery";
import { brokerOver } from "../../../celery/test/simulation/broker-over.ts";
import { OurWorker } from "../../../celery/test/simulation/our-worker.ts";
import type { Ending } from "../../../celery/test/simulation/schedule.ts";
import { logInto } from "./log.ts";
import { taskIdIn } from "./messages.ts";
import { root, stagedFolder } from "./packages.ts";
import { type Common, openDatabase } from "./participants.ts";
import { taskName } from "./staging-manager.ts";

type Held = Parameters<ConstructorParameters<typeof OurWorker>[0]["perform"]>[0];

/**
 * A worker: the staging task, the claim's keeper, publishing and recording are the real code, and so is what holds messages;
 * what lies between them, the celery worker's loops, is its model in short.
 */
export class StagingWorker {
  readonly #common: Common;
  readonly #worker: OurWorker;
  #task: ReturnType<Common["product"]["task"]["stagingTask"]> | undefined;

  constructor(common: Common) {
    this.#common = common;
    const { connection, setup, tale, queue } = common;
    this.#worker = new OurWorker({
      ...{ connection, tale, queues: [queue], lease: setup.brokerLease, visibilityTimeout: 3_600_000 },
      concurrency: setup.concurrency,
      nameOf: (raw) => taskIdIn(raw),
      known: () => {},
      perform: (held) => this.#perform(held),
      grace: 10_000,
      requeueRest: 1000,
    });
  }

  get process() {
    return this.#common.connection.process;
  }

  start(): void {
    const { product, setup, locationId, archive, judge, tale } = this.#common;
    const db = openDatabase(this.#common, this.process);
    // A mount that hangs is not simulated: whoever looks at it gets an answer.
    const mount = {
      look: () => product.space.freeRoom(stagedFolder),
      watch: () => ({ signal: new AbortController().signal, end() {} }),
    };
    this.#task = product.task.stagingTask(
      {
        ...{ db, root, locationIds: [locationId], worker: this.process.name, claimLease: setup.claimLease / 1000 },
        space: product.space.createSpace(db, 0),
        mountOf: () => mount,
        place: {
          archive: () => archive,
          modes: { file: 0o640, dir: 0o750 },
          direct: false,
        },
        retry: { maxAttempts: setup.maxFailures, base: 1, max: 10, maxWhileAway: 10 },
        observer: {
          claimed: () => judge.count("claimed"),
          moved() {},
          ended: (state) => judge.count(`ended ${state}`),
        },
      },
      taskName,
    );
    this.#worker.start();
    product.sweeper.startLeftoverSweeper({
      ...{ db, root, every: setup.leftoversEvery / 1000, keepPartial: setup.claimLease / 1000 },
      places: [{ locationId, folder: stagedFolder, mount }],
      log: logInto(tale, this.process.name),
    });
  }

  stop(): Promise<void> {
    return this.#worker.stop();
  }

  async #perform(held: Held): Promise<Ending> {
    const { judge, messages, results, tale } = this.#common;
    const { envelope, queue } = held.delivery;
    const decoded = decodeTask(envelope as Envelope);
    messages.begins(held);
    const log = logInto(tale, this.process.name, (sentence) => {
      if (sentence.startsWith("goes on from")) judge.count("resumed");
      if (sentence.startsWith("staged copy was damaged")) judge.count("quarantined");
    });
    const client = createClient({ broker: brokerOver(this.#common.connection) as Broker, results: results.store });
    const context = {
      request: { ...decoded, queue, isFollowed: false },
      signal: held.stop.signal,
      leaseLost: held.leaseLost.signal,
      log,
      updateState: async (state: string, result: unknown) =>
        void (await results.store.store({ task_id: decoded.id, status: state, result } as never)),
      settleOther: (id: string, outcome: Parameters<typeof client.settle>[1]) => client.settle(id, outcome),
      send: client.send,
    } as unknown as TaskContext;
    const store = (status: string, result: unknown) =>
      results.store.store({ task_id: decoded.id, status, result } as never);
    try {
      const value = await this.#task!.run(context);
      await store("SUCCESS", value);
      return { end: "done" };
    } catch (error) {
      if (error instanceof Ignore) return { end: "done" };
      if (error instanceof DeadLetter) return { end: "dead-letter", reason: error.reason };
      // What a task throws after it was told to stop is no failure of its own.
      if (error instanceof Requeue || held.stop.raised) return { end: "requeue" };
      if (!isOurs(error)) judge.break("broken-product", String((error as Error).stack ?? error));
      tale.tell(this.process.name, `${decoded.id} fails: ${(error as Error).message}`);
      await store("FAILURE", String(error));
      return { end: "done" };
    } finally {
      messages.ends(held);
    }
  }
}

function isOurs(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && code.startsWith("CDT-") && code !== "CDT-STAGING-DEFECT";
}
