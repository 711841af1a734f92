import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { type ServerProcess, startServer } from "../../../../testing/server-process.ts";
import { writeJson } from "../../src/message/write-json.ts";

const folder = fileURLToPath(new URL("python/", import.meta.url));
/** Debian's, which sees Debian's modules. */
const python = "/usr/bin/python3";

export const queue = "canvas";

export type PythonOutcome = { value: unknown } | { error: string; args: string[] };

/** A Celery worker with the tasks of python/canvases.py, killed when the test ends. */
export async function startCanvasWorker(scope: Scope, redis: TestRedis, log?: string): Promise<ServerProcess> {
  const worker = await startServer({
    program: python,
    args: [
      ...["-m", "celery", "-A", "canvases", "--workdir", folder, "worker", "--pool", "solo", "--queues", queue],
      ...["--loglevel", "INFO", "--without-mingle", "--without-gossip"],
      ...["--hostname", `python-${process.hrtime.bigint()}@test`],
    ],
    env: environment(redis, log),
    ready: / ready\./,
  });
  scope.after(() => worker.stop("SIGKILL"));
  return worker;
}

/** Composes canvases in Python, sends them and waits there for what they come to. */
export async function outcomesInPython(redis: TestRedis, ...names: string[]): Promise<Record<string, PythonOutcome>> {
  return (await askPython(redis, ["outcomes", ...names])) as Record<string, PythonOutcome>;
}

/** Has python/canvases.py do something, and answers what it prints. */
export async function askPython(redis: TestRedis, words: readonly string[], input?: unknown): Promise<unknown> {
  const running = promisify(execFile)(python, [`${folder}canvases.py`, ...words], {
    env: { ...process.env, ...environment(redis) },
    timeout: 300_000,
  });
  running.child.stdin?.end(writeJson(input ?? null));
  return JSON.parse((await running).stdout);
}

/** With PYTHONPATH in the environment Python uses another Celery than Debian's. */
function environment(redis: TestRedis, log?: string): NodeJS.ProcessEnv {
  return {
    PEER_URL: redis.url,
    PEER_QUEUE: queue,
    ...(log && { PEER_LOG: log }),
    ...(process.env.PYTHONPATH && { PYTHONPATH: process.env.PYTHONPATH }),
    PYTHONDONTWRITEBYTECODE: "1",
    C_FORCE_ROOT: "1",
  };
}
