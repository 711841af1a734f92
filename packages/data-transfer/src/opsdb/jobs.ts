import sql from "sql-template-tag";
import type { StagingItem, StagingJob } from "../model/staging.ts";
import type { Status } from "../model/status.ts";
import { audit } from "./audit.ts";
import { itemColumns, jobColumns } from "./columns.ts";
import type { Queryable } from "./database.ts";
import { settleJob } from "./job-end.ts";
import { notifyItems } from "./notifications.ts";
import type { ItemFailure } from "./scheduling.ts";

/** A request for packages, as it is written down. */
export interface NewJob {
  destinationId: number;
  requester: string;
  /** 0 (served first) to 9. */
  priority: number;
  /** Seconds that a staged copy is kept; compulsory, and more than 0. */
  lifetime: number;
  items: readonly NewItem[];
  waitingTaskId?: string;
}

export interface NewItem {
  /** Undefined for a package that the catalogue does not know; such an item has `failed` set. */
  packageId?: string;
  packageName: string;
  size: number;
  /** Nothing can be done for it from the start: why. */
  failed?: ItemFailure;
}

/** Writes a job with its items down, and wakes the managers. A package that is named twice is asked for once. */
export async function createJob(tx: Queryable, added: NewJob): Promise<StagingJob> {
  const jobs = await tx.query<{ id: number }>(sql`
    INSERT INTO staging_job (destination_id, requester, priority, lifetime_seconds, waiting_task_id)
    VALUES (${added.destinationId}, ${added.requester}, ${added.priority}, ${added.lifetime}, ${added.waitingTaskId})
    RETURNING id`);
  const { id } = jobs[0]!;
  const items = [...new Map(added.items.map((item) => [item.packageName, item])).values()];
  await tx.query(sql`
    INSERT INTO staging_item (staging_job_id, destination_id, priority, raw_data_package_id, package_name, size,
      status, reason, error_code, error_text, finished_at)
    SELECT ${id}, ${added.destinationId}, ${added.priority}, i.package_id, i.package_name, i.size,
      CASE WHEN i.reason IS NULL THEN 'pending' ELSE 'failed' END, i.reason, i.code, i.text,
      CASE WHEN i.reason IS NOT NULL THEN now() END
    FROM unnest(
      ${items.map((item) => item.packageId)}::uuid[],
      ${items.map((item) => item.packageName)}::text[],
      ${items.map((item) => item.size)}::bigint[],
      ${items.map((item) => item.failed?.reason)}::text[],
      ${items.map((item) => item.failed?.code)}::text[],
      ${items.map((item) => item.failed?.text)}::text[]
    ) WITH ORDINALITY AS i (package_id, package_name, size, reason, code, text, place)
    ORDER BY i.place`);
  await audit(tx, {
    actor: added.requester,
    action: "request",
    subject: `job:${id}`,
    details: { items: items.length, destination: added.destinationId, lifetime: added.lifetime },
  });
  await settleJob(tx, id);
  await notifyItems(tx);
  return (await getJob(tx, id))!;
}

export async function getJob(q: Queryable, id: number): Promise<StagingJob | undefined> {
  const [job] = await q.query<StagingJob>(sql`SELECT ${jobColumns} FROM staging_job j WHERE j.id = ${id}`);
  return job;
}

export interface JobFilter {
  requester?: string;
  destinationId?: number;
  statuses?: readonly Status[];
  /** The latest so many; 100 by default. */
  limit?: number;
}

/** Jobs, the latest first. */
export async function listJobs(q: Queryable, filter: JobFilter = {}): Promise<StagingJob[]> {
  return await q.query(sql`
    SELECT ${jobColumns} FROM staging_job j
    WHERE (${filter.requester}::text IS NULL OR j.requester = ${filter.requester})
      AND (${filter.destinationId}::bigint IS NULL OR j.destination_id = ${filter.destinationId})
      AND (${filter.statuses}::text[] IS NULL OR j.status = ANY (${filter.statuses}))
    ORDER BY j.id DESC
    LIMIT ${filter.limit ?? 100}`);
}

/** In the order in which they were asked for. */
export async function jobItems(q: Queryable, jobId: number): Promise<StagingItem[]> {
  return await q.query(sql`
    SELECT ${itemColumns} FROM staging_item i WHERE i.staging_job_id = ${jobId} ORDER BY i.id`);
}

export async function getItem(q: Queryable, id: number): Promise<StagingItem | undefined> {
  const [item] = await q.query<StagingItem>(sql`SELECT ${itemColumns} FROM staging_item i WHERE i.id = ${id}`);
  return item;
}

/** Notes who waits for the whole job: the id of a Celery message whose result is stored when the job ends. */
export async function setWaitingTask(q: Queryable, jobId: number, taskId: string): Promise<void> {
  await q.query(sql`UPDATE staging_job SET waiting_task_id = ${taskId} WHERE id = ${jobId}`);
}
