import type { Job, JobEnd } from "./pool.ts";

interface WaitingJob {
  job: Job;
  end: (end: JobEnd | Promise<JobEnd>) => void;
}

/** Jobs that no place is free for, in the order in which they came. */
export class WaitingJobs {
  readonly #jobs = new Set<WaitingJob>();

  get size(): number {
    return this.#jobs.size;
  }

  /** Resolves when it has run, or was taken out again because its worker stops. */
  add(job: Job): Promise<JobEnd> {
    const { promise, resolve } = Promise.withResolvers<JobEnd>();
    const onStop = () => this.#remove(entry, { kind: "stopped" });
    const entry: WaitingJob = {
      job,
      end(end) {
        job.stop.removeEventListener("abort", onStop);
        resolve(end);
      },
    };
    job.stop.addEventListener("abort", onStop);
    this.#jobs.add(entry);
    return promise;
  }

  /** The next one, which the caller now must bring to its end. */
  take(): WaitingJob | undefined {
    for (const entry of this.#jobs) {
      this.#jobs.delete(entry);
      return entry;
    }
    return undefined;
  }

  /** False when it does not wait here. */
  terminate(taskId: string, signal: string): boolean {
    const found = [...this.#jobs].filter(({ job }) => job.request.id === taskId);
    for (const entry of found) this.#remove(entry, { kind: "terminated", signal });
    return found.length > 0;
  }

  stop(): void {
    for (const entry of this.#jobs) this.#remove(entry, { kind: "stopped" });
  }

  #remove(entry: WaitingJob, end: JobEnd): void {
    this.#jobs.delete(entry);
    entry.end(end);
  }
}
