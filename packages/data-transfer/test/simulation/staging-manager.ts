import { type Broker, createClient } from "@ccatobs/celery";
import { brokerOver } from "../../../celery/test/simulation/broker-over.ts";
import { logInto } from "./log.ts";
import { type Common, openDatabase } from "./participants.ts";

export const taskName = "ccat_data_transfer.staging.stage";

/** A manager: all of it is the real code. */
export class StagingManager {
  readonly #common: Common;
  #stop: () => Promise<void> = async () => {};

  constructor(common: Common) {
    this.#common = common;
  }

  get process() {
    return this.#common.connection.process;
  }

  start(): void {
    const { product, setup, connection, results, tale } = this.#common;
    const broker = brokerOver(connection) as Broker;
    const client = createClient({ broker, results: results.store });
    const manager = product.manager.createManager({
      ...{ db: openDatabase(this.#common, this.process), broker, client },
      ring: product.ring.createRing(client, taskName),
      log: logInto(tale, this.process.name),
      sleepTime: setup.sleepTime / 1000,
      batch: 3,
      sweepInterval: setup.sweepInterval / 1000,
      reringAfter: setup.reringAfter / 1000,
      claimGrace: setup.claimGrace / 1000,
      maxFailures: setup.maxFailures,
      onTurn() {},
    });
    this.#stop = () => manager.stop();
    const begin = () => manager.start().catch(() => this.process.later(1000, begin));
    void begin();
  }

  async stop(): Promise<void> {
    await this.#stop();
    this.#common.tale.tell(this.process.name, "has stopped");
    this.process.die();
  }
}
