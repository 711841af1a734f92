import { TaskRevoked } from "../outcomes.ts";
import type { TaskContext } from "../task.ts";
import { after } from "./after.ts";
import type { Child, Death } from "./child-process.ts";
import { pack, unpack } from "./crossing.ts";
import { Interruption } from "./interruption.ts";
import type { Job, JobEnd } from "./pool.ts";
import { type FromChild, type MirroredSignal, type RemoteMethod, remoteMethods } from "./protocol.ts";
import { packThrown, unpackLogArguments, unpackThrown } from "./thrown.ts";

/** What a child tells of itself with the end of a task. */
export interface ChildState {
  /** KiB, where it was asked for. */
  memory: number | undefined;
}

/** One task on its way in a child process. */
export class ChildRun {
  readonly job: Job;
  readonly #child: Child;
  readonly #number: number;
  readonly #onEnd: (end: JobEnd, state: ChildState | undefined) => void;
  readonly #interruption: Interruption;
  #context: TaskContext | undefined;
  /** Set once somebody decided how it ends, whatever the child still says. */
  #verdict: JobEnd | undefined;
  #cancelGrace: (() => void) | undefined;
  readonly #mirrored: (() => void)[] = [];
  #ended = false;

  /**
   * @param number  by which both sides know this run
   * @param onEnd   called once: with the state of the child, which is free again, or without, when it is dead
   */
  constructor(job: Job, child: Child, number: number, onEnd: (end: JobEnd, state: ChildState | undefined) => void) {
    this.job = job;
    this.#child = child;
    this.#number = number;
    this.#onEnd = onEnd;
    this.#interruption = new Interruption(job, (seconds) => {
      this.#verdict ??= { kind: "timed-out", seconds };
      child.kill();
    });
  }

  begin(): void {
    const { job } = this;
    const child = this.#child;
    try {
      const context = job.context(this.#interruption.signal);
      this.#context = context;
      child.listener = (message) => this.#hear(message);
      const request = pack(job.request);
      job.started(child.pid);
      child.tell({ type: "run", run: this.#number, request, logLevel: context.log.level });
      this.#mirror("signal", context.signal);
      this.#mirror("leaseLost", context.leaseLost);
    } catch (error) {
      // Nothing was sent: the child is as free as it was.
      this.#end({ kind: "threw", error }, { memory: undefined });
    }
  }

  /** @param grace  ms that the task gets to end after its signal was aborted; KILL gives none */
  terminate(signal: string, grace: number): void {
    this.#verdict ??= { kind: "terminated", signal };
    if (signal === "KILL") {
      this.#child.kill();
    } else {
      this.#interruption.abort(new TaskRevoked(signal));
      this.#cancelGrace ??= after(grace, () => this.#child.kill());
    }
  }

  died({ exitCode, signal, error }: Death): void {
    this.#end({ kind: "lost", pid: this.#child.pid, exitCode, signal, error }, undefined);
  }

  /** The pool is stopped. */
  abandon(): void {
    this.#verdict = { kind: "stopped" };
    this.#end(this.#verdict, undefined);
  }

  #hear(message: FromChild): void {
    if (!("run" in message) || message.run !== this.#number) return;
    if (message.type === "call") void this.#call(message);
    else if (message.type === "log") this.#log(message);
    else this.#end(endOf(message), message);
  }

  async #call({ call, method, args }: FromChild & { type: "call" }): Promise<void> {
    try {
      if (!remoteMethods.includes(method)) throw new TypeError(`a task's context has no ${method}`);
      const context = this.#context as unknown as Record<RemoteMethod, (...args: unknown[]) => unknown>;
      const value = await context[method](...(unpack(args) as unknown[]));
      this.#child.tell({ type: "answer", call, value: pack(value) });
    } catch (error) {
      this.#child.tell({ type: "refusal", call, error: packThrown(error) });
    }
  }

  #log({ level, args }: FromChild & { type: "log" }): void {
    const [bindings, ...said] = unpackLogArguments(args);
    const { log } = this.#context!;
    const logger = Object.keys(bindings as object).length > 0 ? log.child(bindings as object) : log;
    const write = (logger as unknown as Record<string, unknown>)[level];
    if (typeof write === "function") write.apply(logger, said);
  }

  #mirror(name: MirroredSignal, signal: AbortSignal): void {
    const tell = () => {
      this.#child.tell({ type: "abort", run: this.#number, signal: name, reason: packThrown(signal.reason) });
    };
    if (signal.aborted) tell();
    signal.addEventListener("abort", tell);
    this.#mirrored.push(() => signal.removeEventListener("abort", tell));
  }

  #end(end: JobEnd, state: ChildState | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#child.listener = undefined;
    this.#cancelGrace?.();
    this.#interruption.done();
    for (const stop of this.#mirrored) stop();
    this.#onEnd(this.#verdict ?? end, state);
  }
}

function endOf(message: FromChild & { run: number }): JobEnd {
  try {
    if (message.type === "returned") return { kind: "returned", value: unpack(message.value) };
    return { kind: "threw", error: unpackThrown((message as FromChild & { type: "threw" }).error) };
  } catch (error) {
    return { kind: "threw", error };
  }
}
