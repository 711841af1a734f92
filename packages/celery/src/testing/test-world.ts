import { memoryBroker } from "../broker/memory.ts";
import { MemoryBrokerHub } from "../broker/memory-hub.ts";
import type { ResultOf } from "../canvas/compose.ts";
import type { SendOptions } from "../canvas/send-options.ts";
import type { Signature } from "../canvas/signature.ts";
import { type Client, createClient, type PendingResult, TaskFailed } from "../client/client.ts";
import { memoryResults } from "../results/memory.ts";
import type { ResultStore } from "../results/results.ts";
import type { TypedTask } from "../worker/define-task.ts";
import type { WorkerOptions } from "../worker/options.ts";
import type { Task } from "../worker/task.ts";
import { createWorker } from "../worker/worker.ts";
import { type Call, noted } from "./calls.ts";
import { Idleness } from "./idleness.ts";
import { plain } from "./plain.ts";
import type { SentTask } from "./sent-task.ts";
import { VirtualTime } from "./virtual-time.ts";
import { type WorldBroker, worldBroker, worldQueue } from "./world-broker.ts";
import { WorldTimeout } from "./world-timeout.ts";

export interface TestWorldOptions {
  /** Those of an app will do: `testWorld(app)`. Rate limits do not apply. */
  tasks: readonly Task[];
  /**
   * What happens to a task with an eta, a countdown, or to be tried again: `jumps` (the default) lets the time come as soon as
   * nothing else is left to do, `manual` waits for {@link TestWorld.advance}.
   */
  time?: "jumps" | "manual";
  /** Seconds until {@link TestWorld.run} and {@link TestWorld.drain} give up; 10 by default. */
  timeout?: number;
  /** Options of the worker, such as `log`, `hooks` or `acksLate`. */
  worker?: Partial<Omit<WorkerOptions, "broker" | "results" | "queues" | "tasks">>;
}

/** A broker, a result store and a worker in this process, for tests of tasks. */
export interface TestWorld extends AsyncDisposable {
  /**
   * Sends a task, or a signature, a chain, a group, a chord, and waits for its result: what was returned, as JSON has made it.
   *
   * @throws {TaskFailed} when the task has failed, as any client would see it; its `cause` is what the task threw
   * @throws {WorldTimeout}
   */
  run<Args extends readonly unknown[], Result>(task: TypedTask<Args, Result>, ...args: Args): Promise<Awaited<Result>>;
  run<S extends Signature>(canvas: S): Promise<ResultOf<S>>;
  run(task: string | Task, ...args: unknown[]): Promise<unknown>;
  /** The same with all that can be said of a sending. */
  runWith(task: string | Task, options: SendOptions): Promise<unknown>;
  /** Sends a task and does not wait. Answers its id. */
  send(task: string | Task, options?: SendOptions): Promise<string>;
  /** Waits until nothing is left to do; what waits for its time does not count where time is manual. @throws {WorldTimeout} */
  drain(): Promise<void>;
  /** Lets seconds go by, for etas and countdowns, and waits until what was due is done. */
  advance(seconds: number): Promise<void>;
  /** Every run of a task, in the order in which they began. */
  readonly calls: readonly Call[];
  /** Every task that was published, by the test, by tasks, and to be tried again. */
  readonly sent: readonly SentTask[];
  /** Tasks that wait for their time. */
  readonly waiting: number;
  readonly client: Client;
  readonly broker: WorldBroker;
  readonly results: ResultStore;
  /** Ends the worker; what still runs is aborted. `await using world = ...` does it by itself. */
  close(): Promise<void>;
}

/** Starts a world with these tasks, to be closed at the end of the test. No server, no ports, no processes. */
export async function testWorld(options: TestWorldOptions): Promise<TestWorld> {
  const { tasks, time: mode = "jumps", timeout = 10 } = options;
  const calls: Call[] = [];
  const sent: SentTask[] = [];
  const time = new VirtualTime();
  const idleness = new Idleness(look);
  const broker = worldBroker(memoryBroker({ hub: new MemoryBrokerHub() }), time, sent, () => idleness.look());
  const results = memoryResults();
  const unlimited = noted(tasks, calls).map(({ rateLimit: _, ...task }) => task);
  const worker = createWorker({
    concurrency: 10,
    ...{ control: "off", events: false, heartbeatInterval: 0, mingle: false, gossip: false, abortGrace: 1_000 },
    ...options.worker,
    ...{ broker, results, queues: [worldQueue], tasks: unlimited },
  });
  const client = createClient({ broker, results });
  await broker.connect();
  await results.connect();
  await worker.start();

  /** Whether nothing is left to do; where time jumps, and only time is left, it does. */
  function look(): boolean {
    const { running, reserved } = worker.facts();
    if (broker.open > 0 || running.length > 0 || reserved > 0) return false;
    if (mode === "manual" || time.waiting === 0) return true;
    time.jump();
    return false;
  }

  async function runWith(task: string | Task, sending: SendOptions): Promise<unknown> {
    return ended(client.result(await send(task, sending)), `the task ${nameOf(task)}`);
  }

  async function run(what: string | Task | Signature, ...args: unknown[]): Promise<unknown> {
    if (isSignature(what)) return ended(await client.apply(what), "the canvas");
    return runWith(what, { args });
  }

  async function ended(pending: PendingResult, what: string): Promise<unknown> {
    const deadline = AbortSignal.timeout(timeout * 1000);
    try {
      return plain(await pending.wait(deadline));
    } catch (error) {
      if (deadline.aborted) throw new WorldTimeout(`${what} did not end within ${timeout} s: ${state()}`);
      throw withCause(error);
    }
  }

  const send = (task: string | Task, sending: SendOptions = {}) => client.send(worldQueue, nameOf(task), sending);

  /** As a client sees it, and with what was thrown here, stack and all. */
  function withCause(error: unknown): unknown {
    if (!(error instanceof TaskFailed)) return error;
    error.cause ??= calls.findLast(({ id, outcome }) => id === error.taskId && outcome === "threw")?.error;
    return error;
  }

  async function drain(): Promise<void> {
    if (!(await idleness.reached(timeout * 1000)))
      throw new WorldTimeout(`there is still something to do after ${timeout} s: ${state()}`);
  }

  function state(): string {
    const running = calls.filter(({ outcome }) => outcome === "running").map(({ name }) => name);
    return `${running.join(", ") || "no task"} runs, ${broker.open} messages are open, ${time.waiting} wait for their time`;
  }

  async function close(): Promise<void> {
    idleness.stop();
    await worker.stop({ grace: 0 });
    await broker.close();
    await results.close();
  }

  return {
    run: (what: string | Task | Signature, ...args: unknown[]) => run(what, ...args) as Promise<never>,
    runWith,
    send,
    drain,
    async advance(seconds) {
      await drain();
      time.advance(seconds);
      await drain();
    },
    calls,
    sent,
    get waiting() {
      return time.waiting;
    },
    ...{ client, broker, results, close },
    [Symbol.asyncDispose]: close,
  };
}

function isSignature(what: string | Task | Signature): what is Signature {
  return typeof what === "object" && "subtask_type" in what;
}

function nameOf(task: string | Task): string {
  return typeof task === "string" ? task : task.name;
}
