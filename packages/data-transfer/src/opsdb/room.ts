import sql from "sql-template-tag";
import { ClaimLost } from "../errors/database.ts";
import type { FreeRoom, Room } from "../model/room.ts";
import type { Claim } from "../model/staging.ts";
import type { Database, Queryable } from "./database.ts";
import { decided } from "./decided.ts";
import { notifyItems } from "./notifications.ts";

/** What is promised and used at a location, without what the asking claim has itself. */
export interface RoomInUse {
  /** What may lie there at most, in bytes; undefined where nobody set a limit. */
  budget: number | undefined;
  /** Bytes of the packages that are staged there; looked up only where there is a budget. */
  staged: number;
  /** Bytes promised to claims that hold: written or not. */
  reserved: number;
  /** Of what is promised, what is still to be written. */
  unwritten: Room;
}

/**
 * Promises room at the item's destination to a claim, in one transaction with the decision whether there is any: whoever
 * asks at the same time waits, and sees what was promised. A claim that asks again has its earlier promise replaced. The
 * promise counts while the claim's lease holds, and ends with the claim.
 *
 * @param room  all that the package takes, and what of that is still to be written
 * @param decide  looks at the file system, and throws when there is not enough. What it is told was read before, so what
 *   others write meanwhile counts twice rather than not at all
 * @throws ClaimLost, or what `decide` throws; nothing is promised then
 */
export async function reserveRoom(
  db: Database,
  { item, attemptId, attempt }: Claim,
  room: { bytes: number; unwritten: Room },
  decide: (use: RoomInUse) => Promise<FreeRoom>,
): Promise<void> {
  await decided(db, async (tx) => {
    await tx.query(sql`
      INSERT INTO location_room AS r (data_location_id) VALUES (${item.destinationId})
      ON CONFLICT (data_location_id) DO UPDATE SET data_location_id = r.data_location_id`);
    const free = await decide(await roomInUse(tx, item.destinationId, item));
    const [held] = await tx.query(sql`
      UPDATE staging_item
      SET reserved_bytes = ${room.bytes}, unwritten_bytes = ${room.unwritten.bytes}, unwritten_files = ${room.unwritten.files}
      WHERE id = ${item.id} AND attempt_id = ${attemptId} AND status = 'in_progress' AND lease_until >= clock_timestamp()
      RETURNING id`);
    if (!held) throw new ClaimLost({ item: item.id, attempt });
    await tx.query(sql`
      UPDATE location_room
      SET free_bytes = ${free.bytes}, free_files = ${free.files}, looked_at = clock_timestamp(), looked_by = ${item.claimedBy}
      WHERE data_location_id = ${item.destinationId}`);
  });
}

/** @param except  the item that asks: neither what it was promised before nor an older copy of its package counts */
export async function roomInUse(
  q: Queryable,
  locationId: number,
  except: { id?: number; packageId?: string | undefined } = {},
): Promise<RoomInUse> {
  const [row] = await q.query<Omit<RoomInUse, "unwritten"> & Room>(sql`
    SELECT d.budget_bytes AS budget, promised.*,
      CASE WHEN d.budget_bytes IS NULL THEN 0 ELSE (
        SELECT coalesce(sum(p.size), 0) FROM physical_copy c JOIN raw_data_package p ON p.id = c.raw_data_package_id
        WHERE c.data_location_id = d.id AND c.status = 'staged' AND p.id IS DISTINCT FROM ${except.packageId}::uuid
      ) END::bigint AS staged
    FROM data_location d, LATERAL (
      SELECT coalesce(sum(i.reserved_bytes), 0)::bigint AS reserved, coalesce(sum(i.unwritten_bytes), 0)::bigint AS bytes,
             coalesce(sum(i.unwritten_files), 0)::bigint AS files
      FROM staging_item i
      WHERE i.status = 'in_progress' AND i.destination_id = d.id AND i.lease_until >= clock_timestamp()
        AND i.id IS DISTINCT FROM ${except.id}::bigint
    ) promised
    WHERE d.id = ${locationId}`);
  const { budget, staged, reserved, bytes, files } = row!;
  return { budget, staged, reserved, unwritten: { bytes, files } };
}

/** What file systems hand out at least for a file, in bytes: what a package takes is reckoned in such blocks. */
const block = 4096;

/** What a package takes when it is unpacked, as the catalogue has its files: in whole blocks, with its folders. */
export async function packageRoom(q: Queryable, packageId: string): Promise<Room> {
  const [room] = await q.query<Room>(sql`
    WITH file AS MATERIALIZED (SELECT path, size FROM raw_data_file WHERE raw_data_package_id = ${packageId})
    SELECT (SELECT coalesce(sum((size + ${block - 1}) / ${block}), 0) * ${block} FROM file)::bigint AS bytes,
           (SELECT count(*) FROM file)
             + (SELECT count(*) FROM (SELECT 1 FROM file GROUP BY regexp_replace(path, '[^/]*$', '')) folder) AS files`);
  return room!;
}

/** How many of those that wait are tried when there may be room for some of them. */
const wokenAtOnce = 8;

export interface Waiting {
  /** Why they wait: for room, or for a mount that answers. */
  code?: string;
  /** The first so many, by priority and age. */
  limit?: number;
}

/**
 * Makes items due that wait for room at a location: some may be there now. Who is in somebody's hands is passed over.
 *
 * @returns how many
 */
export async function wakeWaiting(
  q: Queryable,
  locationId: number,
  { code, limit = wokenAtOnce }: Waiting = {},
): Promise<number> {
  const woken = await q.query(sql`
    UPDATE staging_item SET retry_at = now()
    WHERE id IN (
      SELECT id FROM staging_item
      WHERE destination_id = ${locationId} AND status = 'pending' AND retry_at > now()
        AND CASE WHEN ${code}::text IS NULL THEN reason = 'no_space' ELSE error_code = ${code} END
      ORDER BY priority, id LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING id`);
  if (woken.length > 0) await notifyItems(q);
  return woken.length;
}

/** Whether a claim was promised room that is not used up: asked before it ends. */
export async function holdsRoom(q: Queryable, attemptId: string): Promise<boolean> {
  const rows = await q.query(sql`
    SELECT 1 FROM staging_item WHERE attempt_id = ${attemptId} AND status = 'in_progress' AND reserved_bytes > 0`);
  return rows.length > 0;
}
