import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TestRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { celeryUrl } from "./celery-program.ts";

/** Celery in Python as a client: one process for many questions, since its start takes a second. */
export interface PythonConsole {
  /**
   * Runs Python code in the namespace of python/peer.py (`app`, its tasks, `chain`, `group`, `AsyncResult`, ...), and answers
   * what its last expression came to.
   *
   * @throws {PythonError} for what the code raised
   */
  run<Value = unknown>(code: string): Promise<Value>;
}

/** What Python code raised. */
export class PythonError extends Error {
  readonly type: string;
  readonly module: string;
  readonly args: unknown[];

  constructor({ type, module, args, traceback }: { type: string; module: string; args: unknown[]; traceback: string }) {
    super(traceback);
    this.type = type;
    this.module = module;
    this.args = args;
  }
}

interface Answer {
  value?: unknown;
  error?: ConstructorParameters<typeof PythonError>[0];
}

/**
 * Starts one; it is killed when the scope ends.
 *
 * @param conf  more of Celery's settings
 */
export function startPythonConsole(
  scope: Scope,
  redis: TestRedis,
  conf: Readonly<Record<string, unknown>> = {},
): PythonConsole {
  const program = fileURLToPath(new URL("python/console.py", import.meta.url));
  const child: ChildProcess = spawn("/usr/bin/python3", [program], {
    env: {
      ...{ PEER_URL: celeryUrl(redis), PEER_CONF: JSON.stringify(conf), PEER_LOG: "/dev/null" },
      ...{ PYTHONDONTWRITEBYTECODE: "1", LC_ALL: "C.UTF-8" },
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const gone = once(child, "exit");
  scope.after(async () => {
    child.kill("SIGKILL");
    await gone;
  });
  const asked: PromiseWithResolvers<Answer>[] = [];
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const question = asked.shift();
    try {
      question?.resolve(JSON.parse(line) as Answer);
    } catch (error) {
      question?.reject(new Error(`the answer is no JSON: ${line}`, { cause: error }));
    }
  });
  void gone.then(() => {
    for (const { reject } of asked) reject(new Error("the Python console has ended"));
  });

  return {
    async run<Value>(code: string) {
      const question = Promise.withResolvers<Answer>();
      asked.push(question);
      child.stdin!.write(`${JSON.stringify({ code: unindented(code) })}\n`);
      const { value, error } = await question.promise;
      if (error) throw new PythonError(error);
      return value as Value;
    },
  };
}

/** Code stands in tests as deep as they do. */
function unindented(code: string): string {
  const lines = code.split("\n").filter((line) => line.trim() !== "");
  const depth = Math.min(...lines.map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(depth)).join("\n");
}
