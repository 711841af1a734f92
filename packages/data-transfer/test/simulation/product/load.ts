import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type * as outcome from "../../../src/errors/data-transfer-error.ts";
import type * as transitions from "../../../src/model/item-transitions.ts";
import type * as database from "../../../src/opsdb/database.ts";
import type * as items from "../../../src/opsdb/items.ts";
import type * as control from "../../../src/opsdb/job-control.ts";
import type * as jobs from "../../../src/opsdb/jobs.ts";
import type * as lifetimes from "../../../src/opsdb/lifetimes.ts";
import type * as locations from "../../../src/opsdb/locations.ts";
import type * as migrations from "../../../src/opsdb/migrations/migrations.ts";
import type * as sweep from "../../../src/opsdb/sweep.ts";
import type * as sweeper from "../../../src/staging/leftover-sweeper.ts";
import type * as manager from "../../../src/staging/manager.ts";
import type * as ring from "../../../src/staging/ring.ts";
import type * as space from "../../../src/staging/space.ts";
import type * as task from "../../../src/staging/task.ts";

/** A text of one of the sources, and what stands there instead. */
export type Change = [file: string, from: string, to: string];

/** The parts of the application that are simulated: its own modules, on the simulated clock, disk and database. */
export interface Product {
  errors: typeof outcome;
  transitions: typeof transitions;
  database: typeof database;
  control: typeof control;
  items: typeof items;
  jobs: typeof jobs;
  lifetimes: typeof lifetimes;
  locations: typeof locations;
  migrations: typeof migrations;
  sweep: typeof sweep;
  manager: typeof manager;
  sweeper: typeof sweeper;
  ring: typeof ring;
  space: typeof space;
  task: typeof task;
}

const parts: Readonly<Record<keyof Product, string>> = {
  errors: "errors/data-transfer-error.ts",
  transitions: "model/item-transitions.ts",
  database: "opsdb/database.ts",
  control: "opsdb/job-control.ts",
  items: "opsdb/items.ts",
  jobs: "opsdb/jobs.ts",
  lifetimes: "opsdb/lifetimes.ts",
  locations: "opsdb/locations.ts",
  migrations: "opsdb/migrations/migrations.ts",
  sweep: "opsdb/sweep.ts",
  manager: "staging/manager.ts",
  sweeper: "staging/leftover-sweeper.ts",
  ring: "staging/ring.ts",
  space: "staging/space.ts",
  task: "staging/task.ts",
};

const sources = new URL("../../../src/", import.meta.url).href;

/** What takes the place of other modules, for our sources alone. */
const instead: Readonly<Record<string, URL>> = {
  "node:fs/promises": new URL("../disk/fs-promises.ts", import.meta.url),
  "node:timers/promises": new URL("timers-promises.ts", import.meta.url),
  pg: new URL("../database/fake-pg.ts", import.meta.url),
};
const insteadOfSource: Readonly<Record<string, URL>> = {
  "bundle/disk-calls.ts": new URL("../disk/disk-calls.ts", import.meta.url),
  "bundle/file-system-sync.ts": new URL("../disk/file-system-sync.ts", import.meta.url),
  "bundle/small-file-crew.ts": new URL("../disk/small-file-crew.ts", import.meta.url),
  "bundle/write-memory.ts": new URL("../disk/write-memory.ts", import.meta.url),
};

/** Packages are small here: so are the sizes from which on a file is large, and what is written down at checkpoints. */
const smallSizes: readonly Change[] = [
  ["bundle/tree-writer.ts", "export const pieceSize = 256 * 1024;", "export const pieceSize = 512;"],
  ["bundle/tree-writer.ts", "export const checkpointSize = 32 * 1024 * 1024;", "export const checkpointSize = 1024;"],
  ["bundle/tree-writer.ts", "const smallSize = 256 * 1024;", "const smallSize = 256;"],
  ["bundle/tree-writer.ts", "syncedAlone = 128", "syncedAlone = 0"],
  ["bundle/journal.ts", "const batchEvery = 250;", "const batchEvery = 0;"],
];

/** Put before the first line of every source of ours, so that these names are not the globals. */
const globals = `import { setTimeout, clearTimeout, performance, Math, AbortSignal } from "${new URL("clock.ts", import.meta.url)}"; `;

/** Changes by the mark of the copy that they are made in. */
const changesOf = new Map<string, readonly Change[]>();

let hooked = false;

/**
 * Loads our own sources anew, beside those that are loaded already, with what is simulated in place of the real thing.
 *
 * @param changes what is different in this copy
 * @throws Error when a text is not in its source
 */
export async function loadProduct(changes: readonly Change[] = []): Promise<Product> {
  if (!hooked) hook();
  hooked = true;
  const mark = `?simulated=${changesOf.size}`;
  const all = [...smallSizes, ...changes];
  changesOf.set(mark, all);
  for (const [file, from] of all) {
    const text = readFileSync(new URL(file, sources), "utf8");
    if (!text.includes(from)) throw new Error(`${file} has no longer this text, which was to be changed: ${from}`);
  }
  const loaded = Object.entries(parts).map(async ([name, file]) => [name, await import(`${sources}${file}${mark}`)]);
  return Object.fromEntries(await Promise.all(loaded)) as Product;
}

function hook(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const mark = /\?simulated=\d+$/.exec(context.parentURL ?? "")?.[0];
      if (mark === undefined) return next(specifier, context);
      const isOurs = context.parentURL!.startsWith(sources);
      if (isOurs && instead[specifier]) return { url: instead[specifier].href, shortCircuit: true };
      const found = next(specifier, context);
      if (!found.url.startsWith(sources)) return found;
      const other = insteadOfSource[found.url.slice(sources.length)];
      return { ...found, url: (other?.href ?? found.url) + mark };
    },
    load(url, context, next) {
      const found = next(url, context);
      const mark = /\?simulated=\d+$/.exec(url)?.[0];
      if (mark === undefined || !url.startsWith(sources)) return found;
      const file = url.slice(sources.length, -mark.length);
      let text = readFileSync(fileURLToPath(url.slice(0, -mark.length)), "utf8");
      for (const [where, from, to] of changesOf.get(mark)!) if (where === file) text = text.replace(from, to);
      return { ...found, source: globals + text };
    },
  });
}
