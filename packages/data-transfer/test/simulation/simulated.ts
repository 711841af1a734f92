import type { Random } from "../../../celery/test/simulation/random.ts";
import type { Timeline } from "../../../celery/test/simulation/timeline.ts";
import type { DatabaseHost } from "./database/database-host.ts";
import type { Disk } from "./disk/disk.ts";
import type { Fates } from "./fate.ts";

/** What stands in for the real thing in modules that take the place of others: they are the same for all processes. */
export interface Simulated {
  timeline: Timeline;
  disk: Disk;
  database: DatabaseHost;
  fates: Fates;
  random: Random;
}

let current: Simulated | undefined;

export function simulated(): Simulated {
  if (!current) throw new Error("nothing is being simulated");
  return current;
}

/** From now on modules act in this world; undefined when it has ended. */
export function actIn(world: Simulated | undefined): void {
  current = world;
}
