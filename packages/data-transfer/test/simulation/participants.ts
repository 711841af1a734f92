import type { Connection } from "../../../celery/test/simulation/connection.ts";
import type { Process } from "../../../celery/test/simulation/process.ts";
import type { Tale } from "../../../celery/test/simulation/tale.ts";
import type { Database } from "../../src/opsdb/database.ts";
import type { Storage } from "../../src/storage/storage.ts";
import type { Judge } from "./judge.ts";
import { logInto } from "./log.ts";
import type { Messages } from "./messages.ts";
import type { Product } from "./product/load.ts";
import type { SimulatedResults } from "./results.ts";
import type { Setup } from "./schedule.ts";

/** What everybody who takes part works with. */
export interface Common {
  product: Product;
  setup: Setup;
  connection: Connection;
  tale: Tale;
  results: SimulatedResults;
  judge: Judge;
  messages: Messages;
  archive: Storage;
  /** The processing location's. */
  locationId: number;
  queue: string;
}

export const schema = "ccat_data_transfer";

/** The real pool of connections, over the package pg's stand-in. */
export function openDatabase({ product, tale }: Pick<Common, "product" | "tale">, process: Process): Database {
  const options = {
    host: "simulated",
    port: 5432,
    database: "simulated",
    user: "us",
    schema,
    sslMode: "disable",
  } as const;
  const db = product.database.openDatabase(options, logInto(tale, process.name));
  // NOTIFY is a hint: without it everybody looks when his pause is over.
  return { ...db, listen: async () => ({ stop: async () => {} }) };
}
