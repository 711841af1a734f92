import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** One fault; the program goes on to find the others, and ends with 1. */
export function fail(sentence: string): void {
  process.exitCode = 1;
  process.stderr.write(`FAULT ${sentence}\n`);
}

export function say(sentence: string): void {
  process.stdout.write(`${sentence}\n`);
}

/** Files that are, or would be, committed: paths from the checkout's root. */
export function trackedFiles(): string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  const deleted = new Set(git(["ls-files", "-z", "--deleted"]));
  return git(args).filter((file) => !deleted.has(file));
}

function git(args: string[]): string[] {
  return execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 })
    .split("\0")
    .filter(Boolean);
}
