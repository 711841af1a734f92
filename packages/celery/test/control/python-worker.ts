import { fileURLToPath } from "node:url";
import type { TestRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { type ServerProcess, startServer } from "../../../../testing/server-process.ts";
import type { PythonLog } from "../interop/python-peer.ts";

const folder = fileURLToPath(new URL("../interop/python/", import.meta.url));

/** A real Celery worker (interop/python/peer.py) with mingle, gossip and events, as it is by default; killed when the test ends. */
export async function startPythonNode(
  scope: Scope,
  redis: TestRedis,
  { name, log }: { name: string; log: PythonLog },
): Promise<ServerProcess> {
  const worker = await startServer({
    program: "/usr/bin/python3",
    args: [
      ...["-m", "celery", "-A", "peer", "--workdir", folder, "worker", "--concurrency", "2", "--task-events"],
      ...["--queues", "deep_sky", "--loglevel", "INFO", "--hostname", name],
    ],
    env: { PEER_URL: redis.url, PEER_LOG: log.path, PYTHONDONTWRITEBYTECODE: "1", C_FORCE_ROOT: "1" },
    ready: / ready\./,
  });
  scope.after(() => worker.stop("SIGKILL"));
  return worker;
}
