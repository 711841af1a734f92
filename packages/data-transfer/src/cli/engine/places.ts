import { join } from "node:path";
import type { Logger } from "pino";
import type { HealthState } from "../../health/health-state.ts";
import type { DataLocation, DiskDataLocation } from "../../model/location.ts";
import type { Database } from "../../opsdb/database.ts";
import { fullName } from "../../opsdb/locations.ts";
import { wakeWaiting } from "../../opsdb/room.ts";
import type { Settings } from "../../settings/settings.ts";
import { startLeftoverSweeper } from "../../staging/leftover-sweeper.ts";
import { createMountProbe, type MountProbe } from "../../staging/mount-probe.ts";

export interface PlacesOptions {
  settings: Settings;
  db: Database;
  health: HealthState;
  /** Folder that every processing location lies in. */
  root: string;
  log: Logger;
}

/** The processing locations that a worker serves: their mounts are watched, and kept clean. */
export interface Places {
  mountOf(locationId: number): MountProbe;
  stop(): Promise<void>;
}

/** Begins at once: until each file system has answered for the first time, the worker is not ready. */
export function openPlaces(locations: readonly DataLocation[], options: PlacesOptions): Places {
  const { settings, db, root, log } = options;
  const { leftoverInterval, keepPartial } = settings.staging;
  // One that is no disk has a queue, and each of its items is told why it cannot be served.
  const places = locations.filter(isDisk).map((location) => {
    const folder = join(location.path, "staged");
    return { locationId: location.id, folder, mount: watchMount(location, folder, options) };
  });
  const sweeper = startLeftoverSweeper({ db, places, root, every: leftoverInterval, keepPartial, log });
  return {
    mountOf: (locationId) => places.find((place) => place.locationId === locationId)!.mount,
    async stop() {
      await sweeper.stop();
      for (const { mount } of places) mount.stop();
    },
  };
}

function isDisk(location: DataLocation): location is DiskDataLocation {
  return location.storageType === "disk";
}

function watchMount(location: DiskDataLocation, path: string, { settings, db, health, root, log }: PlacesOptions) {
  const { probeTimeout: deadline, probeInterval: every } = settings.staging;
  const answers = health.condition(`storage of ${fullName(location)}`);
  let stalled = false;
  const onLook = (error: Error | undefined) => {
    if (error === undefined) answers.holds("its file system answers");
    else answers.fails(error.message);
    if (stalled && error === undefined) {
      // Whoever was sent away for it need not wait until its next time.
      wakeWaiting(db, location.id, { code: "CDT-STORAGE-STALLED", limit: 1000 }).catch((failure: unknown) => {
        log.warn({ err: failure }, "items that wait for the file system come back by themselves, later");
      });
    }
    stalled = error !== undefined;
  };
  return createMountProbe({ path, root, writes: true, deadline, every, onLook, log });
}
