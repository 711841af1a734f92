import { spawn } from "node:child_process";
import { once } from "node:events";
import { until } from "../world/until.ts";

/** What strace writes down about a process, and does to it. */
export interface Tampering {
  /** File that calls are written to. */
  log: string;
  /** Names of calls as strace takes them: `rename`, `%file`. */
  calls: string;
  /** Only calls that name one of these paths, or a descriptor of one; all where undefined. */
  paths?: readonly string[];
  /** At the so-manieth of them, counted for each thread by itself: `signal=KILL`, `error=EIO`. */
  inject?: { what: string; when: number };
}

/**
 * Takes hold of a process with all its threads. What it did before is not counted. (Started under strace with
 * `--seccomp-bpf` it would be faster, and get no signals: strace 6.1 loses them.)
 */
export async function attachStrace(pid: number, tampering: Tampering): Promise<{ detach(): Promise<void> }> {
  const child = spawn("strace", ["-p", String(pid), ...options(tampering)], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said += text;
  });
  const ended = once(child, "close");
  await until(`strace has hold of process ${pid}`, () => {
    if (child.exitCode !== null) throw new Error(`strace: ${said}`);
    return /Process \d+ attached/.test(said);
  });
  return {
    async detach() {
      child.kill("SIGINT");
      await ended;
    },
  };
}

function options({ log, calls, paths = [], inject }: Tampering): string[] {
  const injection = inject === undefined ? [] : ["-e", `inject=${calls}:${inject.what}:when=${inject.when}`];
  const only = paths.flatMap((path) => ["-P", path]);
  return ["-f", "-y", "-s", "4096", "-o", log, "-e", `trace=${calls}`, ...only, ...injection];
}
