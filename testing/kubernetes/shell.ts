import { spawn } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type HelmVersion, helmBinaries } from "../helm/binaries.ts";
import type { Scope } from "../scope.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

/** Seconds that a line may take. */
const patience = 120;

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

export interface Shell {
  /** Runs a line as a person types it, and says how it ended. */
  run(line: string, input?: string): Promise<Outcome>;
  /** The same. @returns what it printed. @throws {Error} with that when it failed */
  must(line: string, input?: string): Promise<string>;
  /** Repeats a line until its output suits. @throws {Error} with the last output after `seconds` (default 60) */
  until(line: string, suits: (output: string) => boolean, seconds?: number): Promise<string>;
  /** `kubectl apply`. */
  apply(...objects: object[]): Promise<void>;
}

/** A person's shell with helm and kubectl of that version, a kubeconfig, and a home of its own. */
export async function startShell(
  scope: Scope,
  { version, kubeconfig, cwd }: { version: HelmVersion; kubeconfig: string; cwd: string },
): Promise<Shell> {
  const home = await temporaryDirectory(scope);
  const binaries = await helmBinaries(version);
  await mkdir(join(home, "bin"));
  await symlink(binaries.helm, join(home, "bin/helm"));
  await symlink(binaries.kubectl, join(home, "bin/kubectl"));
  const env = { PATH: `${home}/bin:/usr/bin:/bin`, HOME: home, KUBECONFIG: kubeconfig, LC_ALL: "C", TZ: "UTC" };

  function run(line: string, input = ""): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      // `timeout` also ends what the line has started: it would hold the output open.
      const bounded = ["--kill-after=5", String(patience), "bash", "-c", line];
      const child = spawn("/usr/bin/timeout", bounded, { cwd, env });
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk;
      });
      child.stderr.on("data", (chunk: Buffer) => {
        output += chunk;
      });
      child.once("error", reject);
      child.once("close", (code) => resolve({ code: code ?? 1, output }));
      child.stdin.end(input);
    });
  }

  async function must(line: string, input?: string): Promise<string> {
    const { code, output } = await run(line, input);
    if (code !== 0) throw new Error(`${line}\nended with ${code}:\n${output}`);
    return output;
  }

  return {
    run,
    must,
    async until(line, suits, seconds = 60) {
      const deadline = Date.now() + seconds * 1000;
      for (;;) {
        const { output } = await run(line);
        if (suits(output)) return output;
        if (Date.now() > deadline) throw new Error(`${line}\nstill says after ${seconds} s:\n${output}`);
        await pause(200);
      }
    },
    async apply(...objects) {
      await must("kubectl apply -f -", JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    },
  };
}
