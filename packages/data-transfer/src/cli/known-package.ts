import { UnknownPackage } from "../errors/staging.ts";
import type { RawDataPackage } from "../model/package.ts";
import type { Queryable } from "../opsdb/database.ts";
import { selectPackages } from "../staging/selection.ts";

/** The package of this name or id. @throws UnknownPackage */
export async function knownPackage(q: Queryable, name: string): Promise<RawDataPackage> {
  const { known } = await selectPackages(q, { packages: [name] });
  if (known[0] === undefined) throw new UnknownPackage([name]);
  return known[0];
}
