import type { ItemProgress, Progress } from "../staging/progress.ts";
import { formatBytes, formatDuration, formatRate, formatTime } from "./output/format.ts";
import type { Output } from "./output/output.ts";

/** Prints where a job stands: its counts, and every item that is not done with its code and sentence. */
export function showProgress(output: Output, progress: Progress): void {
  if (output.format === "json") {
    output.result(asJson(progress), []);
    return;
  }
  const { job, destination, paused, counts, bytesDone, bytesTotal, rate, eta, items } = progress;
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status.replace("_", " ")}`);
  output.note(
    `job ${job.id} to ${destination}, asked by ${job.requester} on ${formatTime(new Date(job.createdAt))}: ${job.status.replace("_", " ")}`,
  );
  const left = eta === 0 ? "" : `, ${formatDuration(eta)} left`;
  output.note(
    `${parts.join(", ")}; ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)} at ${formatRate(rate)}${left}`,
  );
  if (paused !== undefined && eta !== 0) output.note(`${destination} is paused: ${paused}`);
  output.table(worthShowing(output, items), [
    { heading: "PACKAGE", cell: ({ packageName }) => packageName },
    { heading: "STATUS", cell: statusOf },
    {
      heading: "DONE",
      cell: ({ bytesDone, size }) => (size === 0 ? undefined : `${formatBytes(bytesDone)} of ${formatBytes(size)}`),
    },
    { heading: "TRIES", cell: ({ attempt }) => attempt, align: "right" },
    { heading: "WHY", cell: whyOf },
  ]);
}

/** A long job is told by its counts, and by what is not done. */
function worthShowing(output: Output, items: readonly ItemProgress[]): readonly ItemProgress[] {
  if (items.length <= rowsShown) return items;
  const open = items.filter(({ status }) => status !== "completed");
  if (open.length > rowsShown)
    output.note(`the first ${rowsShown} of ${open.length} items that are not done; all of them: --output json`);
  return open.slice(0, rowsShown);
}

const rowsShown = 40;

function statusOf({ status, place, alreadyThere }: ItemProgress): string {
  const words = status.replace("_", " ");
  if (status === "completed" && alreadyThere) return "completed (already there)";
  return place === undefined ? words : `${words} (place ${place})`;
}

/** Code and sentence of an item that is not done. */
export function whyOf({ status, errorCode, errorText, reason, retryAt }: ItemProgress): string | undefined {
  if (status === "completed" || (errorCode === undefined && reason === undefined)) return undefined;
  const again = status === "pending" && retryAt !== undefined ? `; again at ${formatTime(new Date(retryAt))}` : "";
  return `[${errorCode ?? reason}] ${errorText ?? reason}${again}`;
}

export function asJson({ job, items, ...rest }: Progress) {
  return {
    job: { ...job, destination: rest.destination },
    paused: rest.paused ?? null,
    counts: rest.counts,
    bytes_done: rest.bytesDone,
    bytes_total: rest.bytesTotal,
    rate_bytes_per_second: rest.rate ?? null,
    eta_seconds: rest.eta ?? null,
    items: items.map((item) => ({
      id: item.id,
      package: item.packageName,
      status: item.status,
      reason: item.reason ?? null,
      code: item.errorCode ?? null,
      sentence: item.errorText ?? null,
      retry_at: item.retryAt ?? null,
      place: item.place ?? null,
      attempt: item.attempt,
      claimed_by: item.claimedBy ?? null,
      size: item.size,
      bytes_done: item.bytesDone,
      already_there: item.alreadyThere,
      task_id: item.taskId,
    })),
  };
}
