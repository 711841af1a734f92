import { randomUUID } from "node:crypto";
import type { DataLocation } from "../../src/model/location.ts";
import type { RawDataPackage } from "../../src/model/package.ts";
import type { StagingItem, StagingJob } from "../../src/model/staging.ts";
import { insertPackage } from "../../src/opsdb/catalogue.ts";
import { type Claimed, claimItem } from "../../src/opsdb/claims.ts";
import type { Database } from "../../src/opsdb/database.ts";
import { createJob, jobItems } from "../../src/opsdb/jobs.ts";
import { upsertLocation, upsertSite } from "../../src/opsdb/locations.ts";

export interface Catalogue {
  archive: DataLocation;
  processing: DataLocation;
}

/** A site with an archive on S3 and a processing location on disk. */
export async function seedLocations(db: Database): Promise<Catalogue> {
  const cologne = await upsertSite(db, { name: "Cologne", shortName: "cologne", location: "Germany" });
  const archive = await upsertLocation(db, cologne.id, {
    name: "lta",
    locationType: "long_term_archive",
    storageType: "s3",
    priority: 1,
    active: true,
    endpoint: "https://archive.example:9000",
    bucket: "raw",
    prefix: "ccat/",
    region: "cologne",
  });
  const processing = await upsertLocation(db, cologne.id, {
    name: "ramses_processing",
    locationType: "processing",
    storageType: "disk",
    priority: 0,
    active: true,
    host: undefined,
    path: "/data/ramses",
  });
  return { archive, processing };
}

/** An archived package; its tar is in the catalogue's archive. */
export async function archived(db: Database, { archive }: Catalogue, name: string, files = 2): Promise<RawDataPackage> {
  return await db.transaction((tx) =>
    insertPackage(tx, {
      name,
      size: 1000 * files,
      checksum: { algorithm: "xxh64", digest: "0011223344556677" },
      state: "archived",
      files: Array.from({ length: files }, (_, i) => ({
        path: `night/scan-${i}.fits`,
        size: 900,
        checksum: { algorithm: "xxh64", digest: i.toString(16).padStart(16, "0") },
      })),
      copy: { locationId: archive.id, key: `${name}.tar`, verified: true },
    }),
  );
}

/** A job for packages; answers its items too. */
export async function requested(
  db: Database,
  { processing }: Catalogue,
  packages: readonly RawDataPackage[],
  more: { priority?: number; lifetime?: number; requester?: string } = {},
): Promise<{ job: StagingJob; items: StagingItem[] }> {
  const { priority = 3, lifetime = 3600, requester = "astrid" } = more;
  const job = await db.transaction((tx) =>
    createJob(tx, {
      destinationId: processing.id,
      requester,
      priority,
      lifetime,
      items: packages.map(({ id, name, size }) => ({ packageId: id, packageName: name, size })),
    }),
  );
  return { job, items: await jobItems(db, job.id) };
}

/** Claims an item that is known to be free. A lease of less than 0 is over when it begins. */
export async function claimed(
  db: Database,
  { processing }: Catalogue,
  item: StagingItem,
  { worker = "worker-1", leaseSeconds = 60 } = {},
): Promise<Claimed> {
  const answer = await claimItem(db, item.id, { worker, leaseSeconds, locationIds: [processing.id] });
  if (answer.outcome !== "claimed") throw new Error(`expected to claim item ${item.id}, it is ${answer.outcome}`);
  return answer;
}

/** A catalogue with one archived package that one job asks for. */
export async function oneItem(
  db: Database,
): Promise<Catalogue & { job: StagingJob; item: StagingItem; pack: RawDataPackage }> {
  const catalogue = await seedLocations(db);
  const pack = await archived(db, catalogue, `package-${randomUUID()}`);
  const { job, items } = await requested(db, catalogue, [pack]);
  return { ...catalogue, job, item: items[0]!, pack };
}
