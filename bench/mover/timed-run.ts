import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireProgram } from "../../testing/require-server.ts";

/** What a command has cost. */
export interface Cost {
  /** By the clock. */
  seconds: number;
  /** Of processor time in user and kernel mode, of the command and all that it waited for. */
  processorSeconds: number;
  /** The most memory that the largest of its processes had resident at once, in bytes. */
  peakBytes: number;
}

/**
 * Runs a text of bash to its end and measures it, by GNU time. What the kernel does on its own account, such as writing pages
 * out, counts in `seconds` alone.
 *
 * @throws {Error} with what it printed when it fails
 */
export async function timedRun(script: string, env: Readonly<Record<string, string>> = {}): Promise<Cost> {
  const home = await mkdtemp(join(tmpdir(), "bench-time-"));
  const report = join(home, "report");
  try {
    const timed = ["--quiet", "--format=%U %S %M", `--output=${report}`, "bash", "-c", `set -euo pipefail\n${script}`];
    const began = performance.now();
    const child = spawn(requireProgram("time"), timed, {
      env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8", TZ: "UTC", HOME: home, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(-10_000);
      });
    }
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    const seconds = (performance.now() - began) / 1000;
    if (code !== 0) throw new Error(`ended with ${signal ?? code}: ${script}\n${output}`);
    const [user, system, peak] = (await readFile(report, "utf8")).trim().split(" ").map(Number) as [
      number,
      number,
      number,
    ];
    return { seconds, processorSeconds: user + system, peakBytes: peak * 1024 };
  } finally {
    await rm(home, { recursive: true });
  }
}

/** As a word of bash. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}
