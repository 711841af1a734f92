import { SeedInvalid } from "../../errors/seed.ts";
import type { DataLocation } from "../../model/location.ts";
import { audit } from "../../opsdb/audit.ts";
import type { Database } from "../../opsdb/database.ts";
import { fullName, listSites, upsertLocation, upsertSite } from "../../opsdb/locations.ts";
import type { Seed } from "./read-seed.ts";

/**
 * Writes sites and locations, all or none; those that are there already are brought to what the list says.
 *
 * @param file  where the list came from, for the message
 * @returns the locations as they now are
 * @throws SeedInvalid when a location's site is neither in the list nor in the database
 */
export async function applySeed(db: Database, seed: Seed, file: string, actor: string): Promise<DataLocation[]> {
  return await db.transaction(async (tx) => {
    for (const site of seed.sites) await upsertSite(tx, site);
    const sites = new Map((await listSites(tx)).map((site) => [site.shortName, site]));
    const unknown = seed.locations.filter(({ site }) => !sites.has(site));
    if (unknown.length > 0) {
      throw new SeedInvalid(
        file,
        unknown.map(({ site, location }) => `location ${location.name}: there is no site ${site}`),
      );
    }
    const written: DataLocation[] = [];
    for (const { site, location } of seed.locations) {
      const now = await upsertLocation(tx, sites.get(site)!.id, location);
      await audit(tx, { actor, action: "seed", subject: `location:${now.id}`, details: { name: fullName(now) } });
      written.push(now);
    }
    return written;
  });
}
