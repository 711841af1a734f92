import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { TestRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { soon } from "../worker/world.ts";

const program = fileURLToPath(new URL("../../bin/celery-node.js", import.meta.url));
export const appFile = fileURLToPath(new URL("app.ts", import.meta.url));

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `celery-node` to its end. */
export async function celeryNode(redis: TestRedis | undefined, ...args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [program, ...args], {
    env: environment(redis),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, stdout, stderr };
}

/** The same for an answer in JSON, which must come with exit code 0. */
export async function celeryNodeJson<T>(redis: TestRedis, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await celeryNode(redis, ...args, "--output", "json");
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as T;
}

/** A line of the log. */
export type LogLine = { msg: string; level: string } & Record<string, unknown>;

/** `celery-node worker` in a process of its own. */
export interface WorkerProgram {
  readonly pid: number;
  readonly lines: readonly LogLine[];
  /** What was on stderr before the log, and between its lines. */
  readonly words: readonly string[];
  /** The next line of the log from the `from`th on that fits. */
  until(fits: RegExp, from?: number): Promise<LogLine>;
  kill(signal: NodeJS.Signals): void;
  /** Lets its tasks end. */
  open(word: string): void;
  /** The exit code; rejects when a signal ended it. */
  exit(): Promise<number>;
}

/** Starts a worker, of app.ts if it is of no other; killed when the test ends. */
export function startProgram(
  scope: Scope,
  redis: TestRedis,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  { mingle = false, app = appFile } = {},
): WorkerProgram {
  const all = [program, "--app", app, "worker", ...(mingle ? [] : ["--without-mingle"]), ...args];
  const child: ChildProcess = spawn(process.execPath, all, {
    env: { ...environment(redis), ...env },
    stdio: ["pipe", "inherit", "pipe"],
  });
  const gone = once(child, "exit") as Promise<[code: number | null, signal: string | null]>;
  scope.after(async () => {
    child.kill("SIGKILL");
    await gone;
  });
  const lines: LogLine[] = [];
  const words: string[] = [];
  let arrived = Promise.withResolvers<void>();
  createInterface({ input: child.stderr! }).on("line", (line) => {
    if (line.startsWith("{")) lines.push(JSON.parse(line) as LogLine);
    else words.push(line);
    arrived.resolve();
    arrived = Promise.withResolvers<void>();
  });

  return {
    pid: child.pid!,
    lines,
    words,
    async until(fits, from = 0) {
      for (;;) {
        const found = lines.slice(from).find(({ msg }) => fits.test(msg));
        if (found) return found;
        await soon(Promise.race([arrived.promise, gone.then(() => rejectAsGone(words, lines, fits))]));
      }
    },
    kill: (signal) => void child.kill(signal),
    open: (word) => void child.stdin!.write(`${word}\n`),
    async exit() {
      const [code, signal] = await soon(gone);
      if (code === null) throw new Error(`the worker was ended by ${signal}`);
      return code;
    },
  };
}

function rejectAsGone(words: readonly string[], lines: readonly LogLine[], fits: RegExp): never {
  throw new Error(
    `the worker is gone and never said ${fits}: ${[...words, ...lines.map(({ msg }) => msg)].join("\n")}`,
  );
}

function environment(redis: TestRedis | undefined): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, ...(redis && { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url }) };
}
