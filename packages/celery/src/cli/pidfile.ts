import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { UsageError } from "./usage-error.ts";

/**
 * Writes our pid to a file, as Celery's `--pidfile` does; one that a process has left behind is replaced.
 *
 * @returns what removes it
 * @throws {UsageError} when a living process has it
 */
export function takePidfile(path: string): () => void {
  const other = readPid(path);
  if (other !== undefined && other !== process.pid && isAlive(other)) {
    throw new UsageError(
      `${path} belongs to process ${other}, which is alive`,
      `kill ${other}   # or another --pidfile`,
    );
  }
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (cause) {
    throw new UsageError(`the pidfile cannot be written: ${(cause as Error).message}`, undefined, { cause });
  }
  return () => {
    if (readPid(path) === process.pid) rmSync(path, { force: true });
  };
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8").trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is alive, too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
