import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Scope } from "../../../../testing/scope.ts";
import { applySeed } from "../../src/cli/seed/apply-seed.ts";
import type { DataLocation } from "../../src/model/location.ts";
import { jobItems } from "../../src/opsdb/jobs.ts";
import { type LocationSeed, pauseLocation, resumeLocation } from "../../src/opsdb/locations.ts";
import { requestStaging } from "../../src/staging/request.ts";
import { archiveOnDisk, archiveSources, sourceOf } from "../processes/packages.ts";
import { launcher, type Production, type Servers, startProduction } from "../processes/production.ts";
import { type Service, startService } from "../processes/service.ts";
import type { Place } from "./steps.ts";

/** A production with as many locations and packages as a test wants, all alike, and a manager. Nobody waits long for the dead. */
export interface Ground extends Production {
  /** The files that each package has. */
  readonly files: Readonly<Record<string, Buffer>>;
  /** A location that nothing was staged to yet. */
  newLocation(): Promise<GroundLocation>;
  /** Asks for a new package. Nothing begins before `ready` has ended, which is told where the first attempt will be. */
  request(location: GroundLocation, ready?: (place: Place) => Promise<void>): Promise<Place>;
  /** Nothing begins at a location while something is done. */
  whilePaused(location: GroundLocation, work: () => Promise<void>): Promise<void>;
  startWorker(locations: readonly GroundLocation[], name: string): Promise<Service>;
  /** One that makes its file-system calls one after the other. */
  startOrderlyWorker(
    locations: readonly GroundLocation[],
    name: string,
    settings?: Record<string, string>,
  ): Promise<Service>;
}

export type GroundLocation = Pick<DataLocation, "id" | "name"> & { folder: string };

/** How long a process need not be heard of on two busy cores. */
const lease = "4s";

export async function startGround(scope: Scope, servers: Servers, files: Record<string, Buffer>): Promise<Ground> {
  const production = await startProduction(scope, servers);
  const { db, root, settings } = production;
  Object.assign(settings, {
    broker__lease: lease,
    manager__sleep_time: "200ms",
    manager__sweep_interval: "500ms",
    staging__claim_lease: lease,
    staging__leftover_interval: "1s",
    staging__retry_base: "100ms",
    staging__retry_max: "1s",
    worker__concurrency: "8",
  });
  const sites = [{ name: "Cologne", shortName: "cologne", location: "Cologne" }];
  const seed = async (location: LocationSeed) => {
    const [seeded] = await applySeed(db, { sites, locations: [{ site: "cologne", location }] }, "the test's", "test");
    assert.ok(seeded);
    return seeded;
  };
  await seed(archiveOnDisk(production));
  await production.start(["manager"]);
  let locations = 0;
  let packages = 0;
  let archived: Promise<unknown> = Promise.resolve();

  async function newPackage(): Promise<string> {
    const name = `package-${++packages}`;
    for (const [path, bytes] of Object.entries(files)) {
      const file = join(sourceOf(production, name), path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
    }
    archived = archived.then(() => archiveSources(production, [name], "2026-03-14-OU17"));
    await archived;
    return name;
  }

  async function whilePaused({ id }: GroundLocation, work: () => Promise<void>): Promise<void> {
    await pauseLocation(db, id, "not yet", "test");
    await work();
    await resumeLocation(db, id, "test");
  }

  return {
    ...production,
    files,
    whilePaused,
    async newLocation() {
      const name = `place_${++locations}`;
      const folder = join(root, name);
      await mkdir(folder);
      const disk = { storageType: "disk", host: undefined, path: folder } as const;
      const { id } = await seed({ ...disk, name, locationType: "processing", priority: 0, active: true });
      return { id, name, folder };
    },
    async request(location, ready = async () => {}) {
      const { name: destination, folder } = location;
      const name = await newPackage();
      let place: Place | undefined;
      await whilePaused(location, async () => {
        const wanted = { packages: [name], destination, requester: "test", lifetime: 86_400, priority: 0 };
        const [item] = await jobItems(db, (await requestStaging(db, wanted)).id);
        assert.ok(item);
        place = { folder, name, item: item.id, attempt: 1 };
        await ready(place);
      });
      return place as Place;
    },
    startWorker: (served, name) => production.start(workerCommand(served), { settings: { worker__name: name } }),
    async startOrderlyWorker(served, name, more) {
      // strace counts by thread: with one for all file-system calls it counts most of them in their order.
      const env = { ...production.environment({ worker__name: name, ...more }), UV_THREADPOOL_SIZE: "1" };
      const service = await startService(scope, [launcher, ...workerCommand(served)], env, () => {});
      await service.ready();
      return service;
    },
  };
}

function workerCommand(locations: readonly GroundLocation[]): string[] {
  return ["worker", ...locations.flatMap(({ name }) => ["--location", name])];
}
