import { resolve } from "node:path";
import { destinationPath } from "../../bundle/destination-path.ts";
import { DataTransferError } from "../../errors/data-transfer-error.ts";
import type { DataLocation } from "../../model/location.ts";
import { fullName } from "../../opsdb/locations.ts";
import type { Finding } from "../check.ts";
import { ok } from "../check.ts";
import type { Facts } from "../facts.ts";
import type { FolderFacts } from "../folder-facts.ts";

/** A location, and the folder that its packages are staged to. */
export interface Place {
  location: DataLocation;
  /** `{location}/staged` */
  path: string;
  folder: FolderFacts;
}

/** What is wrong with a place's path; undefined where nothing is. */
export function pathProblem(location: DataLocation, root: string): string | undefined {
  if (location.storageType !== "disk") return `${fullName(location)} is no disk but ${location.storageType}`;
  try {
    stagedPath(location, root);
    return undefined;
  } catch (error) {
    if (error instanceof DataTransferError) return error.message;
    throw error;
  }
}

/**
 * Judges every place, all at once: one that hangs does not keep the others waiting. The worst finding counts, with the words
 * of all that are as bad.
 */
export async function atEachPlace(facts: Facts, judge: (place: Place) => Promise<Finding>): Promise<Finding> {
  const root = resolve(facts.settings.staging.root);
  const found = await Promise.all(
    (await facts.places()).map((location) => {
      const path = stagedPath(location, root);
      return judge({ location, path, folder: facts.folder(path) });
    }),
  );
  for (const state of ["problem", "warning", "skipped"] as const) {
    const worst = found.filter((one) => one.state === state);
    if (worst.length > 0) return { ...worst[0]!, words: worst.map(({ words }) => words).join("; ") } as Finding;
  }
  return ok(
    found
      .map(({ words }) => words)
      .filter((words) => words !== undefined)
      .join("; ") || undefined,
  );
}

function stagedPath(location: DataLocation, root: string): string {
  return destinationPath(root, location.storageType === "disk" ? location.path : "", "staged");
}
