import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Scope } from "../../testing/scope.ts";
import { type ServerProcess, startServer } from "../../testing/server-process.ts";
import type { Packed } from "./packed.ts";

export const folder = fileURLToPath(new URL("./", import.meta.url));
/** Debian's, which sees Debian's Celery. */
export const python = "/usr/bin/python3";

/** A worker program that is measured. */
export interface Stack {
  readonly name: string;
  start(scope: Scope, url: string): Promise<ServerProcess>;
}

/** Four processes: Celery as most people run it. */
export const pythonPrefork: Stack = {
  name: "Python Celery, prefork 4",
  start: (scope, url) =>
    started(scope, {
      program: python,
      args: [
        ...["-m", "celery", "-A", "python_app", "--workdir", folder, "worker"],
        ...["--pool", "prefork", "--concurrency", "4", "-E", "--queues", "bench", "--loglevel", "WARNING"],
        ...["--without-gossip", "--without-mingle"],
      ],
      env: { BENCH_URL: url, C_FORCE_ROOT: "1", PYTHONDONTWRITEBYTECODE: "1" },
      // At this level Celery says nothing when it is ready: the last line of its banner has to do.
      ready: /key=bench/,
    }),
};

/** Ours: the tasks in the event loop of one process, or in four child processes. */
export function ours(pool: "inline" | "process", { program, app }: Packed): Stack {
  return {
    name: `celery-node, ${pool === "inline" ? "inline pool, 4 at once" : "4 processes"}`,
    start: (scope, url) =>
      started(scope, {
        program: process.execPath,
        args: [
          ...[program, "worker", "--app", app, "--pool", pool, "--concurrency", "4", "-E"],
          ...["--queues", "bench", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
        ],
        env: {
          BENCH_URL: url,
          ...(process.env.WORKER_NODE_OPTIONS && { NODE_OPTIONS: process.env.WORKER_NODE_OPTIONS }),
        },
        ready: /bench/,
      }),
  };
}

export const bullmq: Stack = {
  name: "BullMQ, 4 at once",
  start: (scope, url) =>
    started(scope, {
      program: process.execPath,
      args: [`${folder}bullmq-worker.ts`],
      env: { BENCH_URL: url },
      ready: /ready/,
    }),
};

async function started(scope: Scope, command: Parameters<typeof startServer>[0]): Promise<ServerProcess> {
  const server = await startServer(command);
  scope.after(() => server.stop(process.env.WORKER_NODE_OPTIONS ? "SIGTERM" : "SIGKILL"));
  return server;
}

/**
 * Memory of a process and its descendants in bytes: the proportional set size, in which pages that processes share count
 * once, be they the children of one worker or two programs that run the same Python or Node.
 */
export function memoryOfTree(pid: number): number {
  return withDescendants(pid).reduce((sum, one) => sum + kibibytes(`/proc/${one}/smaps_rollup`, "Pss"), 0) * 1024;
}

function withDescendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  return [pid, ...children.flatMap((child) => withDescendants(Number(child)))];
}

function kibibytes(file: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(readFileSync(file, "utf8"))?.[1]);
}
