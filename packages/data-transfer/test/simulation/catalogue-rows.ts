import type { Database } from "../../src/opsdb/database.ts";
import type { Product } from "./product/load.ts";

export interface PackageRows {
  id: string;
  name: string;
  size: number;
  files: { path: string; size: number; digest: string }[];
}

/** Where the archive and the processing location stand in the catalogue. */
export const archiveId = 1;

/** A package as the catalogue has it, and its copy in the archive; without COPY, which the simulated server does not know. */
export async function insertPackage(db: Database, { id, name, size, files }: PackageRows): Promise<void> {
  await db.transaction(async (tx) => {
    const run = (text: string, values: unknown[]) => tx.query({ text, values } as never);
    await run("INSERT INTO raw_data_package (id, name, size, file_count, state) VALUES ($1, $2, $3, $4, 'archived')", [
      id,
      name,
      size,
      files.length,
    ]);
    for (const file of files) {
      await run(
        `INSERT INTO raw_data_file (raw_data_package_id, path, size, checksum_algorithm, checksum_digest)
         VALUES ($1, $2, $3, 'sha256', $4)`,
        [id, file.path, file.size, file.digest],
      );
    }
    await run(
      `INSERT INTO physical_copy (raw_data_package_id, data_location_id, key, status, verified_at)
       VALUES ($1, $2, $3, 'present', now())`,
      [id, archiveId, `${name}.tar`],
    );
  });
}

/** The archive and the place of processing that every world has. @param path  the folder of the latter */
export async function insertLocations({ locations }: Product, db: Database, path: string): Promise<void> {
  const site = await locations.upsertSite(db, { name: "Cologne", shortName: "cologne", location: "Germany" });
  const common = { active: true, priority: 1 };
  await locations.upsertLocation(db, site.id, {
    ...{ name: "lta", locationType: "long_term_archive", storageType: "s3", ...common },
    ...{ endpoint: "https://simulated", bucket: "raw", prefix: "", region: "cologne" },
  });
  await locations.upsertLocation(db, site.id, {
    ...{ name: "ramses", locationType: "processing", storageType: "disk", ...common },
    ...{ host: undefined, path },
  });
}
