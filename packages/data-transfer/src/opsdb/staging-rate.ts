import sql from "sql-template-tag";
import type { Queryable } from "./database.ts";

/**
 * Bytes per second at which packages were staged to a location lately, by the middle of the last fifty; undefined when
 * none was moved there. What was there already and only verified does not count.
 */
export async function stagingRate(q: Queryable, locationId: number): Promise<number | undefined> {
  const [row] = await q.query<{ rate: number | undefined }>(sql`
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY size / greatest(seconds, 0.001)) AS rate
    FROM (
      SELECT i.size, extract(epoch FROM i.finished_at - i.started_at)::float8 AS seconds
      FROM staging_item i
      WHERE i.destination_id = ${locationId} AND i.status = 'completed' AND NOT i.already_there
      ORDER BY i.finished_at DESC LIMIT 50
    ) latest`);
  return row?.rate;
}
