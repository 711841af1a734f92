import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Service } from "../processes/service.ts";
import { until } from "../world/until.ts";
import type { Ground } from "./ground.ts";
import { attachStrace } from "./strace.ts";

/** Something that happens to a worker. */
export interface Mishap {
  /** File with the calls that were counted. */
  readonly log: string;
  /** Whether it has happened. */
  happened(): Promise<boolean>;
  /** What has not happened by now, will not. */
  end(): Promise<void>;
}

let mishaps = 0;

/**
 * Lets something happen to a worker at one of the calls that it is about to make.
 *
 * @param what as strace names it: `signal=KILL`, `error=EIO`
 * @param at the so-manieth call of that name on any of these paths, counted for each of its threads by itself
 */
export async function prepareMishap(
  { folder }: Ground,
  { pid }: Service,
  what: string,
  at: { call: string; when: number; paths: readonly string[] },
): Promise<Mishap> {
  const log = join(folder, `mishap-${++mishaps}`);
  const { call: calls, when, paths } = at;
  const { detach } = await attachStrace(pid, { log, calls, paths, inject: { what, when } });
  return {
    log,
    async happened() {
      return /\(INJECTED\)|stopped by SIGSTOP|killed by SIGKILL/.test(await readFile(log, "utf8"));
    },
    end: detach,
  };
}

/** Waits until a process that is being stopped stands still, each thread of it. */
export async function standsStill({ pid }: Service, { log }: Mishap): Promise<void> {
  await until(`process ${pid} stands still`, async () => {
    const stopped = (await readFile(log, "utf8")).matchAll(/^(\d+) +--- stopped by SIGSTOP/gm);
    const threads = new Set([...stopped].map(([, thread]) => thread));
    return threads.size > 0 && (await readdir(`/proc/${pid}/task`)).every((thread) => threads.has(thread));
  });
}
