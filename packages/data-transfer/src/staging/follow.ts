import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { Database } from "../opsdb/database.ts";
import { listenForProgress } from "../opsdb/notifications.ts";
import { persistently } from "./persistently.ts";
import { hasEnded, type Progress, readProgress } from "./progress.ts";

export interface FollowOptions {
  signal: AbortSignal;
  log: Logger;
  /** ms between two looks when nothing was heard. */
  every?: number;
  /** ms between two looks at least, however much is heard. */
  atMost?: number;
}

/**
 * Yields where a job stands, whenever it moved on, until it has ended; the end is the last value. Notifications are a
 * hint: it is looked at now and then in any case. A database that is away for a while is waited for.
 *
 * @throws UnknownJob, or the signal's reason
 */
export async function* followProgress(
  db: Database,
  jobId: number,
  { signal, log, every = 2000, atMost = 250 }: FollowOptions,
): AsyncGenerator<Progress> {
  const patiently = <T>(act: () => Promise<T>): Promise<T> =>
    persistently(log, signal, act).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  let moved = new AbortController();
  const listening = await patiently(() =>
    listenForProgress(db, (what) => {
      if (what === undefined || what.job === jobId) moved.abort();
    }),
  );
  try {
    for (;;) {
      moved = new AbortController();
      const progress = await patiently(() => readProgress(db, jobId));
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
