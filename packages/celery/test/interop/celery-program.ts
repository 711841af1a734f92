import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { TestRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { type ServerProcess, startServer } from "../../../../testing/server-process.ts";

const run = promisify(execFile);
/** Debian's, which sees Debian's modules. */
const python = "/usr/bin/python3";
const env = { PYTHONDONTWRITEBYTECODE: "1", LC_ALL: "C.UTF-8" };

/** The broker's URL as Python takes it, with its certificates where it wants some. */
export function celeryUrl({ url, tls }: TestRedis): string {
  if (!tls) return url;
  const files = { ssl_ca_certs: tls.ca, ssl_certfile: tls.cert, ssl_keyfile: tls.key };
  return `${url}/0?${new URLSearchParams({ ssl_cert_reqs: "required", ...files })}`;
}

/** Runs `celery -b URL ...` and answers what it printed. @throws when it ends with another code than 0 */
export async function celery(redis: TestRedis, ...args: string[]): Promise<string> {
  const { stdout } = await run(python, ["-m", "celery", "-b", celeryUrl(redis), ...args], { env });
  return stdout;
}

/** What `celery inspect|control METHOD ... --json` prints of one node's reply. It waits for no other. */
export async function ask(
  redis: TestRedis,
  command: "inspect" | "control",
  node: string,
  ...args: string[]
): Promise<unknown> {
  const printed = await celery(redis, command, "--timeout", "30", "--destination", node, "--json", ...args);
  // Control prints a list of replies, inspect one object of them.
  const replies = [JSON.parse(printed)].flat() as Record<string, unknown>[];
  return Object.assign({}, ...replies)[node];
}

/** `celery events --dump`, from when it listens; ended with the test. */
export async function startEventDump(scope: Scope, redis: TestRedis): Promise<ServerProcess> {
  const dump = await startServer({
    program: python,
    args: ["-u", "-m", "celery", "-b", celeryUrl(redis), "events", "--dump"],
    env,
    ready: /starting capture/,
  });
  scope.after(() => dump.stop("SIGKILL"));
  // It says so before it does.
  while ((await redis.cli("pubsub", "numpat")) === "0") await new Promise((resolve) => setTimeout(resolve, 20));
  return dump;
}
