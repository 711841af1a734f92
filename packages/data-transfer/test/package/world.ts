import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Scope } from "../../../../testing/scope.ts";
import { main } from "../../src/cli/main.ts";
import { aPackage } from "../bundle/a-package.ts";
import { launcher, type Outcome, type RunOptions, runProgram } from "../cli/program.ts";
import { surroundings } from "../cli/surroundings.ts";

/** A package in a folder, its manifest with both checksums beside it, and a folder to bring it to. */
export interface PackageWorld {
  bytes: Buffer;
  files: Record<string, Buffer>;
  tar: string;
  manifest: string;
  /** Exists; holds nothing but what the test brings to it. */
  parent: string;
  /** Does not exist. */
  dest: string;
  /** Writes the manifest with something changed. */
  changed(change: (manifest: ManifestJson) => unknown): Promise<string>;
}

export interface ManifestJson {
  package: { size?: number; xxh64?: string; sha256?: string };
  files: { path: string; size: number; xxh64?: string; sha256?: string }[];
}

export async function aPackageWorld(t: Scope, files?: Record<string, Buffer>): Promise<PackageWorld> {
  const packed = await aPackage(t, { files });
  const folder = dirname(packed.tarPath);
  const manifest = join(folder, "manifest.json");
  const listed = await run(t, ["package", "manifest", packed.tarPath, "--algorithm", "both"]);
  assert.equal(listed.code, 0, listed.stderr);
  await writeFile(manifest, listed.stdout);
  let changes = 0;
  return {
    ...{ bytes: packed.bytes, files: packed.files, tar: packed.tarPath, manifest },
    ...{ parent: packed.staged, dest: join(packed.staged, "dest") },
    async changed(change) {
      const json = JSON.parse(listed.stdout) as ManifestJson;
      change(json);
      const path = join(folder, `changed-${++changes}.json`);
      await writeFile(path, JSON.stringify(json));
      return path;
    },
  };
}

/** Runs the program as a user would. */
export function run(t: Scope, args: readonly string[], options?: RunOptions): Promise<Outcome> {
  return runProgram(t, args, options);
}

/** The same within this process, for a test that runs it very often. */
export async function runHere(t: Scope, args: readonly string[]): Promise<Outcome> {
  const host = surroundings(t);
  const code = await main(args, host);
  return { code, ...host.printed() };
}

/** Refused with this code: exit code 1, the reason told, and nothing in the folder that was not there before. */
export async function expectRefused(
  outcome: Outcome,
  code: string,
  parent: string,
  left: readonly string[] = [],
): Promise<void> {
  assert.equal(outcome.code, 1, outcome.stderr);
  assert.match(outcome.stderr, new RegExp(`^error: .* \\[${code}\\]\\ntry: `, "m"));
  assert.doesNotMatch(outcome.stderr, /stage retry/);
  assert.equal(outcome.stdout, "");
  assert.deepEqual(await readdir(parent), left);
}

/** A run that is to be ended in the middle. */
export function start(t: Scope, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [launcher, ...args], {
    env: { PATH: process.env.PATH, HOME: "/nonexistent", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  t.after(() => void child.kill("SIGKILL"));
  child.stdin.on("error", () => {});
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  const ended = new Promise<Outcome>((resolve) => {
    child.on("close", (code) => resolve({ code, ...said }));
  });
  return { ended, input: child.stdin, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}
