import { destinationPath } from "../bundle/destination-path.ts";
import { checkPackageName } from "../bundle/names.ts";
import { NotAProcessingLocation } from "../errors/staging.ts";
import type { DataLocation, DiskDataLocation } from "../model/location.ts";
import { stagedKey } from "../model/staged-key.ts";
import type { Queryable } from "../opsdb/database.ts";
import { requireLocation } from "../queues/discover.ts";

/**
 * The location of this name, if data can be staged to it.
 *
 * @throws UnknownLocation (the known ones listed, the nearest suggested), NotAProcessingLocation
 */
export async function findProcessingLocation(q: Queryable, name: string): Promise<DiskDataLocation> {
  return asProcessingLocation(await requireLocation(q, name));
}

/** @throws NotAProcessingLocation */
export function asProcessingLocation(location: DataLocation): DiskDataLocation {
  if (location.locationType !== "processing" || location.storageType !== "disk") {
    throw new NotAProcessingLocation(location.name, location.locationType, location.storageType);
  }
  return location;
}

/**
 * Absolute directory of a staged package: `{location path}/staged/{package name}`.
 *
 * Location and package name come from the database and obey the same rules as names in a tar.
 *
 * @throws UnsafeName, PathOutsideRoot
 */
export function stagedDirectory(root: string, location: DiskDataLocation, packageName: string): string {
  checkPackageName(packageName);
  return destinationPath(root, location.path, stagedKey(packageName));
}
