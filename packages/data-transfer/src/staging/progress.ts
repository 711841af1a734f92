import { UnknownJob } from "../errors/staging.ts";
import type { StagingItem, StagingJob } from "../model/staging.ts";
import type { Status } from "../model/status.ts";
import type { Queryable } from "../opsdb/database.ts";
import { jobProgress } from "../opsdb/job-progress.ts";
import { jobItems } from "../opsdb/jobs.ts";
import { findLocationsByIds, fullName } from "../opsdb/locations.ts";

/** Where a job stands: enough to tell a person what is going on and why, without another question. */
export interface Progress {
  job: StagingJob;
  destination: string;
  /** Why nothing begins there at the moment, where it is paused. */
  paused: string | undefined;
  counts: Record<Status, number>;
  bytesDone: number;
  bytesTotal: number;
  /** Bytes per second since the job was first claimed; undefined before anything moved. */
  rate: number | undefined;
  /** Seconds that are left at this rate; undefined when nothing tells, 0 when all has ended. */
  eta: number | undefined;
  items: ItemProgress[];
}

export interface ItemProgress extends StagingItem {
  /** Among all that wait for this destination, from 1; undefined when it does not wait. */
  place: number | undefined;
}

/** @throws UnknownJob */
export async function readProgress(q: Queryable, jobId: number): Promise<Progress> {
  const progress = await jobProgress(q, jobId);
  if (progress === undefined) throw new UnknownJob(jobId);
  const { job, counts, bytesDone, bytesTotal, moved, places } = progress;
  const [destination] = await findLocationsByIds(q, [job.destinationId]);
  const placeOf = new Map(places.map(({ itemId, place }) => [itemId, place]));
  const rate = moved.bytes > 0 && moved.seconds > 0 ? moved.bytes / moved.seconds : undefined;
  const items = await jobItems(q, jobId);
  return {
    job,
    destination: destination === undefined ? String(job.destinationId) : fullName(destination),
    paused: destination?.pauseMessage,
    counts,
    bytesDone,
    bytesTotal,
    rate,
    eta: hasEnded(job) ? 0 : rate === undefined ? undefined : bytesLeft(items) / rate,
    items: items.map((item) => ({ ...item, place: placeOf.get(item.id) })),
  };
}

export function hasEnded({ status }: StagingJob): boolean {
  return status === "completed" || status === "failed";
}

/** What failed is not on its way any more. */
function bytesLeft(items: readonly StagingItem[]): number {
  return items
    .filter(({ status }) => status !== "completed" && status !== "failed")
    .reduce((sum, { size, bytesDone }) => sum + Math.max(0, size - bytesDone), 0);
}
