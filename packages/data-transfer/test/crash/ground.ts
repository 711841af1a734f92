import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Scope } from "../../../../testing/scope.ts";
import { applySeed } from "../../src/cli/seed/apply-seed.ts";
import type { DataLocation } from "../../src/model/location.ts";
import { jobItems } from "../../src/opsdb/jobs.ts";
import { pauseLocation, resumeLocation } from "../../src/opsdb/locations.ts";
import { requestStaging } from "../../src/staging/request.ts";
import { archiveOnDisk, archiveSources, sourceOf } from "../processes/packages.ts";
import { launcher, type Production, type Servers, startProduction } from "../processes/production.ts";
import { type Service, startService } from "../processes/service.ts";
import type { Place } from "./steps.ts";

/** Many locations and many packages, all alike, a manager, and leases so short that nobody waits long for the dead. */
export interface Ground extends Production {
  /** The files that each package has. */
  readonly files: Readonly<Record<string, Buffer>>;
  /**
   * Asks for a package at a location; both have numbers. Nothing begins before `ready` has ended, which is told where the
   * first attempt will be.
   */
  request(location: number, packageNumber: number, ready?: (place: Place) => Promise<void>): Promise<Place>;
  /** A worker for these locations that works as it should. */
  startWorker(locations: readonly number[], name: string): Promise<Service>;
  /** One that makes its file-system calls one after the other. */
  startOrderlyWorker(locations: readonly number[], name: string): Promise<Service>;
}

/** s; what a process needs to be heard of again on two busy cores. */
export const lease = 4;

export async function startGround(
  scope: Scope,
  servers: Servers,
  { files, locations, packages }: { files: Record<string, Buffer>; locations: number; packages: number },
): Promise<Ground> {
  const production = await startProduction(scope, servers);
  const { db, root, settings } = production;
  Object.assign(settings, {
    broker__lease: `${lease}s`,
    manager__sleep_time: "200ms",
    manager__sweep_interval: "500ms",
    staging__claim_lease: `${lease}s`,
    staging__retry_base: "100ms",
    staging__retry_max: "1s",
    worker__concurrency: "8",
  });
  const numbers = Array.from({ length: locations }, (_, number) => number);
  const disk = { locationType: "processing", priority: 0, active: true, storageType: "disk", host: undefined } as const;
  const seeded = numbers.map((number) => ({ ...disk, name: locationName(number), path: folderOf(number) }));
  const [, ...seededLocations] = await applySeed(
    db,
    {
      sites: [{ name: "Cologne", shortName: "cologne", location: "Cologne" }],
      locations: [archiveOnDisk(production), ...seeded].map((location) => ({ site: "cologne", location })),
    },
    "the test's own list",
    "test",
  );
  for (const number of numbers) await mkdir(folderOf(number));
  const names = Array.from({ length: packages }, (_, number) => packageName(number));
  for (const name of names) {
    for (const [path, bytes] of Object.entries(files)) {
      const file = join(sourceOf(production, name), path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
    }
  }
  await archiveSources(production, names, "2026-03-14-OU17");
  await production.start(["manager"]);

  function folderOf(number: number): string {
    return join(root, locationName(number));
  }

  return {
    ...production,
    files,
    async request(location, packageNumber, ready = async () => {}) {
      const { id } = seededLocations[location] as DataLocation;
      await pauseLocation(db, id, "not yet", "test");
      const job = await requestStaging(db, {
        packages: [packageName(packageNumber)],
        destination: locationName(location),
        requester: "test",
        lifetime: 86_400,
        priority: 0,
      });
      const [item] = await jobItems(db, job.id);
      assert.ok(item);
      const place = { folder: folderOf(location), name: item.packageName, item: item.id, attempt: 1 };
      await ready(place);
      await resumeLocation(db, id, "test");
      return place;
    },
    startWorker: (served, name) => production.start(workerCommand(served), { settings: { worker__name: name } }),
    async startOrderlyWorker(served, name) {
      // strace counts by thread: with one for all file-system calls it counts most of them in their order.
      const env = { ...production.environment({ worker__name: name }), UV_THREADPOOL_SIZE: "1" };
      const service = await startService(scope, [launcher, ...workerCommand(served)], env, () => {});
      await service.ready();
      return service;
    },
  };
}

function workerCommand(locations: readonly number[]): string[] {
  return ["worker", ...locations.flatMap((number) => ["--location", locationName(number)])];
}

function locationName(number: number): string {
  return `place_${number}`;
}

function packageName(number: number): string {
  return `package-${number}`;
}
