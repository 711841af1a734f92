import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "../opsdb/database.ts";
import { listenForProgress } from "../opsdb/notifications.ts";
import { hasEnded, type Progress, readProgress } from "./progress.ts";

export interface FollowOptions {
  signal: AbortSignal;
  /** ms between two looks when nothing was heard. */
  every?: number;
  /** ms between two looks at least, however much is heard. */
  atMost?: number;
}

/**
 * Yields where a job stands, whenever it moved on, until it has ended; the end is the last value. Notifications are a
 * hint: it is looked at now and then in any case.
 *
 * @throws UnknownJob, or the signal's reason
 */
export async function* followProgress(
  db: Database,
  jobId: number,
  { signal, every = 2000, atMost = 250 }: FollowOptions,
): AsyncGenerator<Progress> {
  let moved = new AbortController();
  const listening = await listenForProgress(db, (what) => {
    if (what === undefined || what.job === jobId) moved.abort();
  });
  try {
    for (;;) {
      moved = new AbortController();
      const progress = await readProgress(db, jobId);
      yield progress;
      if (hasEnded(progress.job)) return;
      await pause(atMost, undefined, { signal });
      await pause(every - atMost, undefined, { signal: AbortSignal.any([signal, moved.signal]) }).catch(() => {
        signal.throwIfAborted();
      });
    }
  } finally {
    await listening.stop();
  }
}
