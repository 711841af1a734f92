import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { after } from "./after.ts";
import { ChildStartFailed } from "./child-start-failed.ts";
import { childEnvironment, childNodeOptions } from "./environment.ts";
import { onLines } from "./output-lines.ts";
import type { FromChild, ToChild } from "./protocol.ts";
import { unpackThrown } from "./thrown.ts";

/** How a process ended. */
export interface Death {
  exitCode: number | null;
  signal: string | null;
  /** What it said last, where it could: the error that nobody caught. */
  error: Error | undefined;
}

export interface ChildOptions {
  /** URL of the module with the tasks. */
  app: string;
  exportName: string | undefined;
  /** Names of environment variables beyond the usual few. */
  env: readonly string[];
  /** In ms. */
  startTimeout: number;
  /** Whether each end of a task tells what memory the process holds. */
  tellMemory: boolean;
  /** Gets each line of stdout and stderr; undefined: they go where the parent's go. */
  onOutput: ((child: Child, stream: "stdout" | "stderr", line: string) => void) | undefined;
}

/** Time in ms that a child gets to exit after it was told that it is not needed any more. */
const leavingGrace = 5_000;
/** Time in ms for what a dead child has said to be read. */
const readingGrace = 1_000;

// The name ends as ours does: .ts in a checkout, .js in the published package.
const program = fileURLToPath(new URL(`./child/main${extname(import.meta.url)}`, import.meta.url));

/** One child process, as its parent sees it. */
export class Child {
  /** 0 when there was no process to be had. */
  readonly pid: number;
  /** Resolves when it has loaded the application. @throws {ChildStartFailed} */
  readonly ready: Promise<void>;
  /** Resolves when it is dead and all that it said has been heard. */
  readonly death: Promise<Death>;
  /** Whoever runs a task in it hears its messages. */
  listener: ((message: FromChild) => void) | undefined;
  /** It was asked to end. */
  isDismissed = false;
  readonly #process: ChildProcess;
  #lastWords: Error | undefined;

  constructor({ app, exportName, env, startTimeout, tellMemory, onOutput }: ChildOptions) {
    this.#process = fork(program, [], {
      env: childEnvironment(env),
      execArgv: childNodeOptions(process.execArgv),
      serialization: "advanced",
      // A group of its own: what the terminal sends to ours does not reach it, and what its tasks start can be ended with it.
      detached: true,
      stdio: ["ignore", onOutput ? "pipe" : "inherit", onOutput ? "pipe" : "inherit", "ipc"],
    });
    this.pid = this.#process.pid ?? 0;
    this.death = this.#untilDead();
    this.ready = this.#untilReady(app, startTimeout);
    // Whoever does not wait for it hears of its death.
    this.ready.catch(() => {});
    this.#process.on("message", (message: FromChild) => {
      if (message.type === "dying") this.#lastWords = unpackThrown(message.error) as Error;
      else this.listener?.(message);
    });
    for (const name of ["stdout", "stderr"] as const) {
      const stream = this.#process[name];
      if (onOutput && stream) onLines(stream, (line) => onOutput(this, name, line));
    }
    this.tell({ type: "load", app, exportName, tellMemory });
  }

  /** Says something to the child. What does not reach a dead one is no error: its death is told. */
  tell(message: ToChild): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  /** Ends it and whatever its tasks have started, at once. */
  kill(): void {
    this.isDismissed = true;
    this.#killGroup();
  }

  /** Lets an idle one go: it ends by itself, or is ended. */
  dismiss(): void {
    this.isDismissed = true;
    if (this.#process.connected) this.#process.disconnect();
    const cancel = after(leavingGrace, () => this.#killGroup());
    void this.death.then(cancel);
  }

  async #untilReady(app: string, timeout: number): Promise<void> {
    const name = app.startsWith("file:") ? fileURLToPath(app) : app;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.listener = (message) => {
      if (message.type === "ready") resolve();
      if (message.type !== "broken") return;
      const cause = unpackThrown(message.error);
      reject(new ChildStartFailed(name, String(cause instanceof Error ? cause.message : cause), { cause }));
    };
    void this.death.then(({ exitCode, signal, error }) => {
      const how = signal === null ? `it exited with code ${exitCode}` : `it was ended by ${signal}`;
      reject(new ChildStartFailed(name, error ? `${how}: ${error.message}` : how, { cause: error }));
    });
    const cancel = after(timeout, () => {
      reject(new ChildStartFailed(name, `it was not ready after ${timeout} ms`));
      this.kill();
    });
    return promise.finally(cancel);
  }

  async #untilDead(): Promise<Death> {
    const child = this.#process;
    const { promise, resolve } = Promise.withResolvers<Death>();
    child.once("exit", (exitCode, signal) => {
      // What it said before it died may still be under way; the end of the channel comes after all of it.
      const dead = () => resolve({ exitCode, signal, error: this.#lastWords });
      if (!child.connected) return dead();
      const cancel = after(readingGrace, dead);
      child.once("disconnect", () => {
        cancel();
        dead();
      });
    });
    // Without a process there is no exit: the machine is out of processes, or of memory.
    child.on("error", (error) => {
      if (this.pid === 0) resolve({ exitCode: null, signal: null, error });
    });
    // A child that has left the channel cannot be told anything any more.
    child.on("disconnect", () => {
      if (!this.isDismissed) this.#killGroup();
    });
    return promise;
  }

  #killGroup(): void {
    if (this.pid === 0) return;
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // ESRCH: nobody is left.
    }
  }
}
