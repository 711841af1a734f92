import type { DiskDataLocation } from "../../src/model/location.ts";
import type { Database } from "../../src/opsdb/database.ts";
import { upsertLocation, upsertSite } from "../../src/opsdb/locations.ts";

export interface Locations {
  lta: DiskDataLocation;
  mirror: DiskDataLocation;
  ramses_processing: DiskDataLocation;
  spare_processing: DiskDataLocation;
}

/** One site with two archives, the first of them preferred, and two places to stage to. */
export async function seedLocations(
  db: Database,
  paths: { archives: string; processing: string; spare: string },
): Promise<Locations> {
  const { id } = await upsertSite(db, { name: "Cologne", shortName: "cologne", location: "Germany" });
  const add = async (
    name: string,
    locationType: "long_term_archive" | "processing",
    path: string,
    priority: number,
  ) => {
    const seed = { name, locationType, path, priority, storageType: "disk", active: true, host: undefined } as const;
    return (await upsertLocation(db, id, seed)) as DiskDataLocation;
  };
  return {
    lta: await add("lta", "long_term_archive", `${paths.archives}/lta`, 1),
    mirror: await add("mirror", "long_term_archive", `${paths.archives}/mirror`, 2),
    ramses_processing: await add("ramses_processing", "processing", paths.processing, 0),
    spare_processing: await add("spare_processing", "processing", paths.spare, 0),
  };
}
