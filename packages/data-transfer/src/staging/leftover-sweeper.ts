import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { Database } from "../opsdb/database.ts";
import { wakeWaiting } from "../opsdb/room.ts";
import { removeLeftovers } from "./leftovers.ts";
import type { MountProbe } from "./mount-probe.ts";

export interface LeftoverSweeperOptions {
  db: Database;
  /** The locations that this worker serves, each with the folder that packages are staged to. */
  places: readonly { locationId: number; folder: string; mount: Pick<MountProbe, "look"> }[];
  root: string;
  /** Seconds between two sweeps. */
  every: number;
  /** See {@link removeLeftovers}. */
  keepPartial: number;
  log: Logger;
}

/** Removes what dead attempts have left: at once, and then every so often. What goes wrong is logged, and tried again. */
export function startLeftoverSweeper(options: LeftoverSweeperOptions): { stop(): Promise<void> } {
  const { db, places, root, every, keepPartial, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function sweepAll(): Promise<void> {
    for (const { locationId, folder, mount } of places) {
      try {
        await mount.look();
        const { files, bytes } = await removeLeftovers({ db, folder, root, keepPartial, signal, log });
        if (files > 0)
          log.info({ folder, files, bytes, woken: await wakeWaiting(db, locationId) }, "there is room again");
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, folder }, "leftovers could not be removed; tried again later");
      }
    }
  }

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      await sweepAll();
      await pause(every * 1000, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  const running = loop();
  return {
    async stop() {
      stopping.abort();
      // A file system that hangs keeps nobody from stopping.
      await Promise.race([running, pause(stopWithin, undefined, { ref: false })]);
    },
  };
}

/** ms */
const stopWithin = 2000;
