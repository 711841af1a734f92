import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { type ServerProcess, startServer } from "../../../../testing/server-process.ts";
import { celeryUrl } from "./celery-program.ts";

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
 * @param options.conf        more of Celery's settings
 * @param options.arguments   more of the command line; the solo pool by default
 */
export async function startPythonWorker(
  scope: Scope,
  redis: TestRedis,
  options: {
    queue: string;
    log: PythonLog;
    visibility?: number;
    conf?: Readonly<Record<string, unknown>>;
    arguments?: readonly string[];
  },
): Promise<PythonWorker> {
  const env: NodeJS.ProcessEnv = {
    PEER_URL: celeryUrl(redis),
    PEER_CONF: JSON.stringify(options.conf ?? {}),
    PEER_LOG: options.log.path,
    PYTHONDONTWRITEBYTECODE: "1",
    C_FORCE_ROOT: "1",
  };
  if (options.visibility !== undefined) env.PEER_VISIBILITY = String(options.visibility);
  const worker: ServerProcess = await startServer({
    program: python,
    args: [
      ...["-m", "celery", "-A", "peer", "--workdir", folder, "worker", "--queues", options.queue],
      ...(options.arguments ?? ["--pool", "solo"]),
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
