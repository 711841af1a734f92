import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestPostgres } from "../../../../testing/postgres.ts";
import type { TestRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";

export const launcher = fileURLToPath(new URL("../../bin/ccat_data_transfer.js", import.meta.url));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Node to start the launcher with; the one that runs the tests by default. */
  node?: string;
  /** What the program reads from its standard input; nothing by default. */
  input?: Uint8Array;
  /** Called with all of stderr so far, and what sends a signal to the launcher. */
  onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs the program as a user would, in an empty folder and without any setting of the caller's environment. */
export async function runProgram(scope: Scope, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const cwd = options.cwd ?? emptyFolder(scope);
  const env = { PATH: process.env.PATH, HOME: cwd, ...options.env };
  const child = spawn(options.node ?? process.execPath, [launcher, ...args], {
    cwd,
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  // It may end before it has read everything.
  child.stdin.on("error", () => {}).end(options.input);
  scope.after(() => void child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    options.onStderr?.(stderr, (signal) => child.kill(signal));
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { code, stdout, stderr };
}

export function emptyFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), "test-cli-"));
  scope.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The variables that lead to a test's database. */
export function databaseVariables(postgres: TestPostgres, database = "postgres"): Record<string, string> {
  return variables({
    database__host: postgres.host,
    database__port: String(postgres.port),
    database__name: database,
    database__user: postgres.user,
    database__password: postgres.password,
  });
}

/** The variables that lead to a test's Redis. */
export function redisVariables(redis: TestRedis): Record<string, string> {
  return variables({
    redis__host: redis.host,
    redis__port: String(redis.port),
    ...(redis.password === undefined ? {} : { redis__password: redis.password }),
    ...(redis.tls && {
      redis__tls: "true",
      redis__server_name: "localhost",
      redis__ca_file: redis.tls.ca,
      redis__cert_file: redis.tls.cert,
      redis__key_file: redis.tls.key,
    }),
  });
}

export function variables(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`CCAT_DATA_TRANSFER_${key.toUpperCase()}`, value]),
  );
}
