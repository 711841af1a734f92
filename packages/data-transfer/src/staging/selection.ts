import type { RawDataPackage } from "../model/package.ts";
import type { Queryable } from "../opsdb/database.ts";
import { findPackagesByIds, findPackagesByNames, findPackagesOfObservation } from "../opsdb/packages.ts";

/** What a request names, looked up in the catalogue. */
export interface Selection {
  known: RawDataPackage[];
  /** Names, ids or observations that the catalogue does not have, in the order of the request. */
  unknown: string[];
}

export interface Wanted {
  /** Package names or ids. */
  packages: readonly string[];
  /** All packages of this executed observation unit (id or name). */
  observation?: string | undefined;
}

/** Finds the packages that a request names; each once, however often it was named. */
export async function selectPackages(q: Queryable, { packages, observation }: Wanted): Promise<Selection> {
  const wanted = [...new Set(packages.map((name) => name.trim()).filter((name) => name !== ""))];
  const ofObservation = observation === undefined ? [] : await findPackagesOfObservation(q, observation);
  const found = [
    ...(await findPackagesByNames(q, wanted)),
    ...(await findPackagesByIds(q, wanted)),
    ...(ofObservation ?? []),
  ];
  const named = new Set(found.flatMap(({ id, name }) => [id, name]));
  const unknown = wanted.filter((name) => !named.has(name));
  if (observation !== undefined && ofObservation === undefined) unknown.push(observation);
  return { known: [...new Map(found.map((one) => [one.id, one])).values()], unknown };
}
