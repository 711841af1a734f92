import sql, { type Sql } from "sql-template-tag";

// How each noun of the model is selected: the alias is part of the fragment's name.

/** A {@link RawDataPackage} from `raw_data_package p`. */
export const packageColumns = sql`
  p.id, p.name, p.size,
  CASE WHEN p.checksum_algorithm IS NOT NULL
    THEN json_build_object('algorithm', p.checksum_algorithm, 'digest', p.checksum_digest) END AS checksum,
  p.file_count AS "fileCount", p.state,
  p.executed_obs_unit_id AS "executedObsUnitId", p.instrument_module_id AS "instrumentModuleId",
  p.created_at AS "createdAt"`;

/** A package's {@link PhysicalCopy} from `physical_copy c`. */
export const copyColumns = sql`
  c.id, c.raw_data_package_id AS "packageId", c.data_location_id AS "locationId", c.key, c.status,
  c.expires_at AS "expiresAt", c.verified_at AS "verifiedAt"`;

/** A {@link StagingJob} from `staging_job j`. */
export const jobColumns = sql`
  j.id, j.destination_id AS "destinationId", j.requester, j.priority, j.lifetime_seconds AS lifetime, j.status,
  j.waiting_task_id AS "waitingTaskId", j.created_at AS "createdAt", j.started_at AS "startedAt",
  j.finished_at AS "finishedAt", j.released_at AS "releasedAt"`;

/** A {@link StagingItem} from `staging_item i`. */
export const itemColumns = sql`
  i.id, i.staging_job_id AS "jobId", i.destination_id AS "destinationId", i.priority,
  i.raw_data_package_id AS "packageId", i.package_name AS "packageName", i.size, i.status, i.reason,
  i.retry_at AS "retryAt", i.attempt, i.failures, i.attempt_id AS "attemptId", i.claimed_by AS "claimedBy",
  i.lease_until AS "leaseUntil", i.cancel_requested AS "cancelRequested", i.source_copy_id AS "sourceCopyId",
  i.bytes_done AS "bytesDone", i.error_code AS "errorCode", i.error_text AS "errorText", i.task_id AS "taskId",
  i.rung_at AS "rungAt", i.ring_count AS "ringCount", i.already_there AS "alreadyThere",
  i.started_at AS "startedAt", i.finished_at AS "finishedAt"`;

/** What an item is given in a SET when its claim begins or ends: no room is promised to it. */
export const noRoom = sql`reserved_bytes = 0, unwritten_bytes = 0, unwritten_files = 0`;

/**
 * Where a page of a package's files begins, for `raw_data_file f` in the order of package and path; the first one without
 * `after`. The package stands in the comparison, and not as a condition of its own: so the index is what the server has to
 * walk, also where it does not know yet how many files a package has. Files of the next package may stand at the end.
 */
export function filesAfter(packageId: string, after: string | undefined): Sql {
  return after === undefined
    ? sql`(f.raw_data_package_id, f.path) >= (${packageId}, '')`
    : sql`(f.raw_data_package_id, f.path) > (${packageId}, ${after})`;
}
