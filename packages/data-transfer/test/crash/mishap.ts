import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Service } from "../processes/service.ts";
import { until } from "../world/until.ts";
import type { Ground } from "./ground.ts";
import { pathsAt, type Place, type Step } from "./steps.ts";
import { attachStrace } from "./strace.ts";

/** Sees to it that something happens to a worker at a step on the way of a package. */
export interface Mishap {
  /** File with the calls that were counted. */
  readonly log: string;
  /** Whether it has happened. */
  happened(): Promise<boolean>;
  /** What has not happened by now, will not. */
  end(): Promise<void>;
}

let mishaps = 0;

/** @param what as strace names it: `signal=KILL`, `error=EIO` */
export async function prepareMishap(
  { folder }: Ground,
  { pid }: Service,
  what: string,
  step: Step,
  place: Place,
): Promise<Mishap> {
  const log = join(folder, `mishap-${++mishaps}`);
  const { call: calls, when } = step;
  const { detach } = await attachStrace(pid, { log, calls, paths: pathsAt(step, place), inject: { what, when } });
  return {
    log,
    async happened() {
      return /\(INJECTED\)|stopped by SIGSTOP|killed by SIGKILL/.test(await readFile(log, "utf8"));
    },
    end: detach,
  };
}

/** Waits until a process that was stopped stands still, each thread of it. */
export async function isFrozen({ pid }: Service, { log }: Mishap): Promise<void> {
  await until(`process ${pid} is frozen`, async () => {
    const stopped = (await readFile(log, "utf8")).matchAll(/^(\d+) +--- stopped by SIGSTOP/gm);
    const threads = new Set([...stopped].map(([, thread]) => thread));
    return threads.size > 0 && (await readdir(`/proc/${pid}/task`)).every((thread) => threads.has(thread));
  });
}
