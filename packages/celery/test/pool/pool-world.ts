import type { TestContext } from "node:test";
import { type Logger, pino } from "pino";
import { Replace, Retry } from "../../src/worker/outcomes.ts";
import type { Job, JobEnd, Pool } from "../../src/worker/pool/pool.ts";
import type { Task, TaskContext, TaskRequest } from "../../src/worker/task.ts";
import { soon } from "../worker/world.ts";

/** A job, and the test's hands on it. */
export interface TestJob {
  job: Job;
  id: string;
  /** The worker's. */
  stop: AbortController;
  leaseLost: AbortController;
  /** Pids of where it began. */
  began: number[];
  /** What the task called of its context: `[method, ...arguments]`. */
  calls: unknown[][];
  /** Resolves when the task has stored that state. */
  stored(state: string): Promise<void>;
  /** Resolves when the task stands at its gate, which is `context.send("gate", ...)`. */
  atGate(): Promise<void>;
  /** Lets it pass. */
  open(answer?: string): void;
  /** What it logged. */
  lines: Record<string, unknown>[];
}

export interface TestJobOptions extends Partial<TaskRequest> {
  /** Limits in seconds. */
  hard?: number;
  soft?: number;
}

let jobs = 0;

/** @param task  one of the application's, or only the name of one that is in the children alone */
export function aJob(task: Task | string, { hard, soft, ...request }: TestJobOptions = {}): TestJob {
  const name = typeof task === "string" ? task : task.name;
  const [stop, leaseLost] = [new AbortController(), new AbortController()];
  const began: number[] = [];
  const calls: unknown[][] = [];
  const lines: Record<string, unknown>[] = [];
  const states = new Waiters();
  const gate = Promise.withResolvers<string>();
  const received: TaskRequest = {
    ...{ id: `task-${++jobs}`, name, queue: "deep_sky", args: [], kwargs: {}, retries: 0, redelivered: false },
    ...{ headers: {}, replyTo: undefined, rootId: undefined, parentId: undefined, groupId: undefined },
    ...{ groupIndex: undefined, isFollowed: false, priority: 0, eta: undefined, expires: undefined, stamps: {} },
    ...request,
  };

  const context = (signal: AbortSignal): TaskContext => ({
    request: received,
    signal,
    leaseLost: leaseLost.signal,
    log: recordingLog(lines).child({ taskId: received.id }),
    retry: (options) => {
      throw new Retry(options);
    },
    replace: (signature) => {
      throw new Replace(signature);
    },
    async updateState(state, result) {
      calls.push(["updateState", state, result]);
      states.reached(state);
    },
    async settleOther(taskId, outcome) {
      calls.push(["settleOther", taskId, outcome]);
    },
    async send(queue, taskName, options) {
      if (queue === "refused") throw unroutable();
      calls.push(["send", queue, taskName, options]);
      if (queue !== "gate") return "sent-id";
      states.reached("at the gate");
      return gate.promise;
    },
    async apply(signature) {
      calls.push(["apply", signature]);
      return "applied-id";
    },
  });

  return {
    job: {
      task:
        typeof task === "string" ? { name, run: () => Promise.reject(new Error("it is only in the children")) } : task,
      request: received,
      limits: { hard, soft },
      stop: stop.signal,
      context,
      started: (pid) => began.push(pid),
    },
    id: received.id,
    ...{ stop, leaseLost, began, calls, lines },
    stored: (state) => states.until(state),
    atGate: () => states.until("at the gate"),
    open: (answer = "opened") => gate.resolve(answer),
  };
}

/** The pool, started; stopped when the test ends. */
export async function started(t: TestContext, pool: Pool): Promise<Pool> {
  t.after(() => pool.stop());
  await soon(pool.start());
  return pool;
}

/** The end of a run, which must come within 30 s. */
export function ended(pool: Pool, { job }: TestJob): Promise<JobEnd> {
  return soon(pool.run(job));
}

export async function returned(pool: Pool, job: TestJob): Promise<unknown> {
  const end = await ended(pool, job);
  if (end.kind !== "returned")
    throw new Error(`it did not return: ${end.kind}`, { cause: "error" in end && end.error });
  return end.value;
}

export async function thrown(pool: Pool, job: TestJob): Promise<Error & Record<string, unknown>> {
  const end = await ended(pool, job);
  if (end.kind !== "threw") throw new Error(`it did not throw: ${JSON.stringify(end)}`);
  return end.error as Error & Record<string, unknown>;
}

export function recordingLog(lines: Record<string, unknown>[]): Logger {
  return pino({ level: "info", base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
}

function unroutable(): Error {
  return Object.assign(new Error("no such queue", { cause: new Error("no binding") }), { code: "CDT-UNROUTABLE" });
}

/** Promises of what will have happened. */
class Waiters {
  readonly #states = new Map<string, PromiseWithResolvers<void>>();

  reached(state: string): void {
    this.#of(state).resolve();
  }

  until(state: string): Promise<void> {
    return soon(this.#of(state).promise);
  }

  #of(state: string): PromiseWithResolvers<void> {
    const known = this.#states.get(state) ?? Promise.withResolvers<void>();
    this.#states.set(state, known);
    return known;
  }
}
