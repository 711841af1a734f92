import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { type ServerProcess, startServer } from "../../../../testing/server-process.ts";

const run = promisify(execFile);
const folder = fileURLToPath(new URL("python/", import.meta.url));
/** Debian's, which sees Debian's modules. */
const python = "/usr/bin/python3";

export interface PythonWorker {
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** The lines that tasks of Python workers have noted: `started <id>`, `ended <id>`. */
export interface PythonLog {
  readonly path: string;
  lines(): string[];
}

export async function pythonLog(scope: Scope): Promise<PythonLog> {
  const directory = await mkdtemp(join(tmpdir(), "python-peer-"));
  scope.after(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "log");
  return { path, lines: () => (existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : []) };
}

/**
 * A real Celery worker (python/peer.py, solo pool, late acknowledgement) that consumes; killed when the test ends. A worker looks
 * for messages to restore when it begins to consume, and after that only every 100 s.
 *
 * @param options.visibility  its visibility_timeout in seconds; 3600 by default, as Celery has it
 */
export async function startPythonWorker(
  scope: Scope,
  redis: TestRedis,
  options: { queue: string; log: PythonLog; visibility?: number },
): Promise<PythonWorker> {
  const env: NodeJS.ProcessEnv = {
    PEER_URL: redis.url,
    PEER_LOG: options.log.path,
    PYTHONDONTWRITEBYTECODE: "1",
    C_FORCE_ROOT: "1",
  };
  if (options.visibility !== undefined) env.PEER_VISIBILITY = String(options.visibility);
  const worker: ServerProcess = await startServer({
    program: python,
    args: [
      ...["-m", "celery", "-A", "peer", "--workdir", folder, "worker", "--pool", "solo", "--queues", options.queue],
      ...[
        "--loglevel",
        "INFO",
        "--without-mingle",
        "--without-gossip",
        "--hostname",
        `python-${process.hrtime.bigint()}@test`,
      ],
    ],
    env,
    ready: / ready\./,
  });
  scope.after(() => worker.stop("SIGKILL"));
  return { stop: (signal) => worker.stop(signal) };
}

/** What a Python client sees of a task's result. */
export interface Seen {
  id: string;
  state: string;
  value?: unknown;
  exception?: string;
  builtin?: boolean;
  args?: unknown[];
  traceback?: string;
}

/** Sends a task from Python and waits there for its result, at most 60 s. */
export async function askFromPython(
  redis: TestRedis,
  queue: string,
  name: string,
  {
    args = [],
    kwargs = {},
    ...options
  }: { args?: unknown[]; kwargs?: Record<string, unknown>; [option: string]: unknown } = {},
): Promise<Seen> {
  const words = [args, kwargs, options].map((value) => JSON.stringify(value));
  const { stdout } = await run(python, [join(folder, "ask.py"), redis.url, queue, name, ...words]);
  return JSON.parse(stdout) as Seen;
}
