import type { Logger } from "pino";

/**
 * Makes this process the same program anew: same pid, same arguments, so that whoever supervises it sees nothing. Returns
 * only where the system has no such thing; then the process ends, and its supervisor starts the next.
 */
export function restartProcess(env: Readonly<Record<string, string | undefined>>, log: Logger): void {
  if (process.execve === undefined) {
    log.warn("this system cannot replace a running program; ending, for the supervisor to start it again");
    return;
  }
  log.info({ argv: process.argv.slice(2) }, "restarting");
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], env);
}
