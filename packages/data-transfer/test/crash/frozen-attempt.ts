import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Scope } from "../../../../testing/scope.ts";
import type { PackageWorld } from "../bundle/a-package.ts";
import { attemptPaths } from "../bundle/attempt-paths.ts";

export interface FrozenAttempt {
  /** Lets it run on. @returns what it says at its end */
  thaw(): Promise<string>;
}

/**
 * Starts an attempt in a process of its own, and freezes all of it behind the so-manieth call of that name on a path below
 * the destination.
 *
 * @returns undefined where it has ended before
 */
export async function freezeAt(
  scope: Scope,
  world: PackageWorld,
  attempt: number,
  call: string,
  when: number,
): Promise<FrozenAttempt | undefined> {
  const paths = attemptPaths(world, attempt).flatMap((path) => ["-P", path]);
  const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=STOP:when=${when}`];
  const { child, said, errors } = start(["strace", "-f", "-qq", ...paths, ...inject, ...program(world, attempt)]);
  const closed = once(child, "close");
  scope.after(async () => {
    if (!ended) process.kill(await tracee(child), "SIGKILL");
  });
  let ended = false;
  void closed.then(() => {
    ended = true;
  });

  const deadline = performance.now() + 60_000;
  for (; !ended; await wait(5)) {
    assert.ok(performance.now() < deadline, errors());
    const stopped = new Set(
      [...errors().matchAll(/\[pid +(\d+)\] --- stopped by SIGSTOP/g)].map(([, thread]) => thread),
    );
    if (stopped.size === 0) continue;
    const threads = await readdir(`/proc/${await tracee(child)}/task`);
    if (threads.every((thread) => stopped.has(thread))) break;
  }
  if (ended) {
    assert.equal(said(), "done", errors());
    return undefined;
  }
  return {
    async thaw() {
      // Threads are counted for themselves: another one may come to its own so-manieth call, and freeze the process again.
      for (const process_ = await tracee(child); !ended; await wait(20)) {
        assert.ok(performance.now() < deadline, errors());
        tryToContinue(process_);
      }
      return said();
    },
  };
}

/** An attempt that nobody disturbs. @returns what it says at its end */
export async function attemptIn(world: PackageWorld, attempt: number, breakAt?: number): Promise<string> {
  const { child, said, errors } = start([...program(world, attempt), ...(breakAt === undefined ? [] : [`${breakAt}`])]);
  const [code] = await once(child, "close");
  assert.equal(code, 0, errors());
  return said();
}

function program({ tarPath }: PackageWorld, attempt: number): string[] {
  return [process.execPath, join(import.meta.dirname, "../bundle/unpack-child.ts"), dirname(tarPath), String(attempt)];
}

function start(command: string[]) {
  // strace counts by thread: with one for all file-system calls it counts them all.
  const env = { ...process.env, UV_THREADPOOL_SIZE: "1" };
  const child = spawn(command[0] as string, command.slice(1), { env, stdio: ["ignore", "pipe", "pipe"] });
  const heard = { output: "", errors: "" };
  child.stdout.on("data", (text: Buffer) => {
    heard.output += text;
  });
  child.stderr.on("data", (text: Buffer) => {
    heard.errors += text;
  });
  return { child, said: () => heard.output.trim().split("\n")[1] ?? "", errors: () => heard.errors };
}

async function tracee({ pid }: ChildProcess): Promise<number> {
  return Number.parseInt(await readFile(`/proc/${pid}/task/${pid}/children`, "utf8"), 10);
}

function tryToContinue(pid: number): void {
  try {
    process.kill(pid, "SIGCONT");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
