import sql, { type Sql } from "sql-template-tag";
import { AmbiguousLocation } from "../errors/location.ts";
import type { DataLocation, LocationType, Site, StorageType } from "../model/location.ts";
import { audit } from "./audit.ts";
import type { Queryable } from "./database.ts";
import { notifyItems } from "./notifications.ts";
import { wakeWaiting } from "./room.ts";

export async function listSites(q: Queryable): Promise<Site[]> {
  return await q.query(sql`
    SELECT id, name, short_name AS "shortName", location FROM site ORDER BY short_name`);
}

/** All locations, by site and name. */
export async function listLocations(q: Queryable): Promise<DataLocation[]> {
  return await selectLocations(q, sql`WHERE true`);
}

/**
 * A location by its name, or by `site_short_name/name`.
 *
 * @throws AmbiguousLocation when several sites have one of this name
 */
export async function findLocation(q: Queryable, name: string): Promise<DataLocation | undefined> {
  const found = await selectLocations(q, sql`WHERE d.name = ${name} OR s.short_name || '/' || d.name = ${name}`);
  if (found.length > 1) throw new AmbiguousLocation(name, found.map(fullName));
  return found[0];
}

export async function findLocationsByIds(q: Queryable, ids: readonly number[]): Promise<DataLocation[]> {
  return ids.length === 0 ? [] : await selectLocations(q, sql`WHERE d.id = ANY (${ids})`);
}

/** As people and messages name it where the name alone could be another site's too. */
export function fullName(location: DataLocation): string {
  return `${location.site.shortName}/${location.name}`;
}

/** From now on nothing is claimed there; what runs goes on to its end. */
export async function pauseLocation(tx: Queryable, id: number, message: string, actor: string): Promise<void> {
  await tx.query(sql`UPDATE data_location SET pause_message = ${message} WHERE id = ${id}`);
  await audit(tx, { actor, action: "pause", subject: `location:${id}`, details: { message } });
}

export async function resumeLocation(tx: Queryable, id: number, actor: string): Promise<void> {
  await tx.query(sql`UPDATE data_location SET pause_message = NULL WHERE id = ${id}`);
  await audit(tx, { actor, action: "resume", subject: `location:${id}` });
  await notifyItems(tx);
}

/**
 * Says what may lie at a location at most, in bytes; undefined lifts the limit. Nothing is removed where there is more.
 * Whoever waits for room there is tried again.
 */
export async function setBudget(tx: Queryable, id: number, budget: number | undefined, actor: string): Promise<void> {
  await tx.query(sql`UPDATE data_location SET budget_bytes = ${budget} WHERE id = ${id}`);
  await audit(tx, { actor, action: "budget", subject: `location:${id}`, details: { budget: budget ?? null } });
  await wakeWaiting(tx, id, { limit: 1000 });
}

/** Known by its short name. */
export async function upsertSite(q: Queryable, site: Omit<Site, "id">): Promise<Site> {
  const rows = await q.query<Site>(sql`
    INSERT INTO site (name, short_name, location) VALUES (${site.name}, ${site.shortName}, ${site.location})
    ON CONFLICT (short_name) DO UPDATE SET name = excluded.name, location = excluded.location
    RETURNING id, name, short_name AS "shortName", location`);
  return rows[0]!;
}

type WithoutKeys<L> = L extends DataLocation ? Omit<L, "id" | "site" | "pauseMessage"> : never;
/** A location to be: the site is named apart. */
export type LocationSeed = WithoutKeys<DataLocation>;

/** Known by its site and name. Its kind of storage cannot be changed; a pause stays as it is, and so does an unnamed budget. */
export async function upsertLocation(tx: Queryable, siteId: number, seed: LocationSeed): Promise<DataLocation> {
  const rows = await tx.query<{ id: number }>(sql`
    INSERT INTO data_location AS d (site_id, name, location_type, storage_type, priority, active, budget_bytes)
    VALUES (${siteId}, ${seed.name}, ${seed.locationType}, ${seed.storageType}, ${seed.priority}, ${seed.active},
      ${seed.budget})
    ON CONFLICT (site_id, name) DO UPDATE SET
      location_type = excluded.location_type, storage_type = excluded.storage_type,
      priority = excluded.priority, active = excluded.active, budget_bytes = coalesce(excluded.budget_bytes, d.budget_bytes)
    RETURNING id`);
  const id = rows[0]!.id;
  await tx.query(upsertKind(id, seed));
  const [location] = await findLocationsByIds(tx, [id]);
  return location!;
}

function upsertKind(id: number, seed: LocationSeed): Sql {
  switch (seed.storageType) {
    case "disk":
      return sql`
        INSERT INTO disk_data_location (id, host, path) VALUES (${id}, ${seed.host}, ${seed.path})
        ON CONFLICT (id) DO UPDATE SET host = excluded.host, path = excluded.path`;
    case "s3":
      return sql`
        INSERT INTO s3_data_location (id, endpoint, bucket, prefix, region)
        VALUES (${id}, ${seed.endpoint}, ${seed.bucket}, ${seed.prefix}, ${seed.region})
        ON CONFLICT (id) DO UPDATE SET endpoint = excluded.endpoint, bucket = excluded.bucket,
          prefix = excluded.prefix, region = excluded.region`;
    case "tape":
      return sql`
        INSERT INTO tape_data_location (id, path) VALUES (${id}, ${seed.path})
        ON CONFLICT (id) DO UPDATE SET path = excluded.path`;
  }
}

interface LocationRow {
  id: number;
  site: Site;
  name: string;
  locationType: LocationType;
  storageType: StorageType;
  priority: number;
  active: boolean;
  pauseMessage: string | undefined;
  budget: number | undefined;
  host: string | undefined;
  path: string;
  endpoint: string;
  bucket: string;
  prefix: string;
  region: string;
}

async function selectLocations(q: Queryable, where: Sql): Promise<DataLocation[]> {
  const rows = await q.query<LocationRow>(sql`
    SELECT d.id, d.name, d.location_type AS "locationType", d.storage_type AS "storageType", d.priority, d.active,
           d.pause_message AS "pauseMessage", d.budget_bytes AS budget,
           json_build_object('id', s.id, 'name', s.name, 'shortName', s.short_name, 'location', s.location) AS site,
           disk.host, coalesce(disk.path, tape.path) AS path, s3.endpoint, s3.bucket, s3.prefix, s3.region
    FROM data_location d
    JOIN site s ON s.id = d.site_id
    LEFT JOIN disk_data_location disk ON disk.id = d.id
    LEFT JOIN s3_data_location s3 ON s3.id = d.id
    LEFT JOIN tape_data_location tape ON tape.id = d.id
    ${where}
    ORDER BY s.short_name, d.name`);
  return rows.map(toLocation);
}

function toLocation({ host, path, endpoint, bucket, prefix, region, storageType, ...base }: LocationRow): DataLocation {
  switch (storageType) {
    case "disk":
      return { ...base, storageType, host, path };
    case "s3":
      return { ...base, storageType, endpoint, bucket, prefix, region };
    case "tape":
      return { ...base, storageType, path };
  }
}
