import { readFileSync } from "node:fs";
import { soon } from "../worker/world.ts";

/** Whether there is such a process, zombies that only wait for their parent not counted. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Resolves when none of them is there any more; at most 30 s. */
export function untilGone(...pids: number[]): Promise<void> {
  return until(() => !pids.some(isAlive));
}

/** Nothing tells of what another process does: looks every few milliseconds, for at most 30 s. */
export function until(happened: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    Promise.try(happened).then((yes) => yes && resolve(), reject);
  }, 5);
  return soon(promise).finally(() => clearInterval(timer));
}
