import sql from "sql-template-tag";
import type { StagingJob } from "../model/staging.ts";
import { type Status, statuses } from "../model/status.ts";
import type { Queryable } from "./database.ts";
import { getJob } from "./jobs.ts";

export interface JobProgress {
  job: StagingJob;
  counts: Record<Status, number>;
  /** Bytes of the packages that are there, and of the parts of those that are on their way. */
  bytesDone: number;
  bytesTotal: number;
  /** What a rate is reckoned from: bytes really moved, and the seconds from the first claim to the job's end or now. */
  moved: { bytes: number; seconds: number };
  /** For each item that waits: its place among all that wait for this destination, from 1. */
  places: { itemId: number; place: number }[];
}

/** How far a job is, by the database's clock; undefined when there is no such job. */
export async function jobProgress(q: Queryable, jobId: number): Promise<JobProgress | undefined> {
  const job = await getJob(q, jobId);
  if (!job) return undefined;
  const sums = await q.query<{ status: Status; count: number; done: number; total: number; moved: number }>(sql`
    SELECT status, count(*) AS count,
           sum(bytes_done)::bigint AS done,
           sum(size)::bigint AS total,
           coalesce(sum(bytes_done) FILTER (WHERE NOT already_there), 0)::bigint AS moved
    FROM staging_item WHERE staging_job_id = ${jobId} GROUP BY status`);
  const times = await q.query<{ seconds: number }>(sql`
    SELECT coalesce(extract(epoch FROM coalesce(finished_at, now()) - started_at), 0)::double precision AS seconds
    FROM staging_job WHERE id = ${jobId}`);
  const places = await q.query<{ itemId: number; place: number }>(sql`
    SELECT w.id AS "itemId", w.place FROM (
      SELECT id, staging_job_id, row_number() OVER (ORDER BY priority, id) AS place
      FROM staging_item WHERE destination_id = ${job.destinationId} AND status IN ('pending', 'scheduled')
    ) w WHERE w.staging_job_id = ${jobId} ORDER BY w.place`);
  const add = (what: "done" | "total" | "moved") => sums.reduce((sum, row) => sum + row[what], 0);
  return {
    job,
    counts: Object.fromEntries(
      statuses.map((status) => [status, sums.find((row) => row.status === status)?.count ?? 0]),
    ) as Record<Status, number>,
    bytesDone: add("done"),
    bytesTotal: add("total"),
    moved: { bytes: add("moved"), seconds: times[0]!.seconds },
    places,
  };
}
