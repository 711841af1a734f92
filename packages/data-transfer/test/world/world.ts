import type { Broker, ResultStore } from "@ccatobs/celery";
import type { StagingItem, StagingJob } from "../../src/model/staging.ts";
import type { Database } from "../../src/opsdb/database.ts";
import type { TestDatabases } from "../opsdb/test-database.ts";
import type { ArchivedPackage, TestArchive } from "./archive.ts";
import type { Engine } from "./engine.ts";
import type { Expectation } from "./expectation.ts";
import type { TestQueue } from "./queue.ts";
import type { Locations } from "./seed.ts";

/** Everything that staging needs, real and small, and gone when the test ends. */
export interface World extends Omit<Engine, "startWhatIsMissing"> {
  db: Database;
  databases: TestDatabases;
  archive: TestArchive;
  queue: TestQueue;
  broker: Broker;
  results: ResultStore;
  locations: Locations;
  /** Name of the processing location's queue. */
  queueName: string;
  /** Folder that everything of this world lies in: `archives`, and `scratch`, which staged data may not leave. */
  folder: string;
  /** Where packages become visible. */
  staged: string;
  /** Asks for packages; a name that nobody knows is one, too. */
  request(packages: readonly (ArchivedPackage | string)[], options?: RequestOptions): Promise<StagingJob>;
  /** Starts a manager and a worker where none was started, and waits until nothing is left that could be done now. */
  workUntilIdle(): Promise<void>;
  /** Puts a raw text on the processing location's queue. */
  message(raw: string): Promise<void>;
  /** The latest item of a package. */
  item(of: Pick<ArchivedPackage, "name">): Promise<StagingItem>;
  /** Waits until the latest item of a package is as wanted; answers it. */
  untilItem(of: ArchivedPackage, what: string, is: (item: StagingItem) => boolean): Promise<StagingItem>;
  /** Waits until no message lies in a queue or is in anybody's hands. */
  untilQuiet(): Promise<void>;
  /** Waits until so many messages are in workers' hands, and none waits. */
  untilUnacked(count: number): Promise<void>;
  /** Waits until so many more sweeps have begun. */
  untilSwept(times: number): Promise<void>;
  /** Waits until so many messages were published in all. */
  untilPublished(count: number): Promise<void>;
  /** Waits until a manager has noted which Redis this is, so that it will notice another one. */
  untilEpochKnown(): Promise<void>;
  /** Waits until so many messages were put aside. */
  untilDeadLetters(count: number): Promise<void>;
  /** Plays the clock: whatever waits for its next attempt is due. */
  letTimePass(): Promise<void>;
  /** The directory in which a package becomes visible. */
  directoryOf(of: ArchivedPackage): string;
  /** Asserts the whole outcome, and then that the next good package is staged. */
  expect(expected: Expectation): Promise<void>;
}

export interface RequestOptions {
  to?: "ramses_processing" | "spare_processing";
  priority?: number;
}
