import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What the kernel says of this process's control group (version 2). */
export interface CgroupReading {
  /** Seconds for which the group was kept from the processor. */
  throttledSeconds: number | undefined;
  /** Counts of `memory.events`: low, high, max, oom, oom_kill, oom_group_kill. */
  memoryEvents: Readonly<Record<string, number>>;
}

/**
 * Reads `cpu.stat` and `memory.events`; where there is no such group (version 1, not Linux), nothing is known.
 * Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
 *
 * @param root  where the hierarchy is mounted
 * @param self  the file that names this process's group
 */
export function readCgroup(root = "/sys/fs/cgroup", self = "/proc/self/cgroup"): CgroupReading {
  const group = /^0::(.*)$/m.exec(read(self) ?? "")?.[1];
  if (group === undefined) return { throttledSeconds: undefined, memoryEvents: {} };
  const microseconds = counts(read(join(root, group, "cpu.stat"))).throttled_usec;
  return {
    throttledSeconds: microseconds === undefined ? undefined : microseconds / 1e6,
    memoryEvents: counts(read(join(root, group, "memory.events"))),
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function counts(text: string | undefined): Record<string, number> {
  const lines = (text ?? "").split("\n").map((line) => line.split(" "));
  return Object.fromEntries(lines.filter((parts) => parts.length === 2).map(([name, count]) => [name, Number(count)]));
}
