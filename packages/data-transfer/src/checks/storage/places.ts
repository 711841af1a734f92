import { resolve } from "node:path";
import { destinationPath } from "../../bundle/destination-path.ts";
import { DataTransferError } from "../../errors/data-transfer-error.ts";
import type { DataLocation } from "../../model/location.ts";
import { fullName } from "../../opsdb/locations.ts";
import type { Finding } from "../check.ts";
import { ok } from "../check.ts";
import type { Facts } from "../facts.ts";
import type { FolderFacts } from "../folder-facts.ts";

/** A folder that packages are staged to. */
export interface Place {
  /** `{location}/staged` */
  path: string;
  folder: FolderFacts;
}

/** What helps where a mount hangs. */
export const hangs = "stat <path>   # on the same node, in a shell that you can spare; ask who runs the file system";

/** What is wrong with a location's path; undefined where nothing is. */
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
 *
 * Where the database does not tell the locations, or none whose path will do, the root alone is judged: a volume that is not
 * mounted is found out all the same.
 */
export async function atEachPlace(facts: Facts, judge: (place: Place) => Promise<Finding>): Promise<Finding> {
  const root = resolve(facts.settings.staging.root);
  const found = await Promise.all(
    (await pathsOf(facts, root)).map((path) => judge({ path, folder: facts.folder(path) })),
  );
  for (const state of ["problem", "warning", "skipped"] as const) {
    const worst = found.filter((one) => one.state === state);
    if (worst.length > 0) return { ...worst[0]!, words: joined(worst) } as Finding;
  }
  return ok(joined(found));
}

async function pathsOf(facts: Facts, root: string): Promise<string[]> {
  const locations = await facts.places().catch(() => []);
  const usable = locations.filter((location) => pathProblem(location, root) === undefined);
  return usable.length === 0 ? [root] : usable.map((location) => stagedPath(location, root));
}

function joined(findings: readonly Finding[]): string | undefined {
  return findings.flatMap(({ words }) => words ?? []).join("; ") || undefined;
}

function stagedPath(location: DataLocation, root: string): string {
  return destinationPath(root, location.storageType === "disk" ? location.path : "", "staged");
}
