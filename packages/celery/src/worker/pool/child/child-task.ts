import type { Logger } from "pino";
import { Replace, Retry } from "../../outcomes.ts";
import type { TaskContext, TaskRequest } from "../../task.ts";
import { unpack } from "../crossing.ts";
import type { MirroredSignal, RemoteMethod, ToChild } from "../protocol.ts";
import { unpackThrown } from "../thrown.ts";
import type { Channel } from "./channel.ts";
import type { RemoteCalls } from "./remote-calls.ts";
import { remoteLog } from "./remote-log.ts";
import { TaskEnded } from "./task-ended.ts";

/** The task that runs in this process, and the context that stands in for the one in the pool's process. */
export class ChildTask {
  readonly run: number;
  readonly context: TaskContext;
  readonly #aborts = { signal: new AbortController(), leaseLost: new AbortController() };
  #ended = false;

  constructor({ run, request, logLevel }: ToChild & { type: "run" }, channel: Channel, calls: RemoteCalls) {
    this.run = run;
    const received = { ...(unpack(request) as TaskRequest) };
    const call = async (method: RemoteMethod, ...args: unknown[]): Promise<unknown> => {
      if (!this.#ended) return calls.make(run, method, args);
      // Progress that comes too late is worth no error.
      if (method === "updateState") return undefined;
      throw new TaskEnded(received.name);
    };
    const isEnded = () => this.#ended;
    let log: Logger | undefined;
    this.context = {
      request: received,
      signal: this.#aborts.signal.signal,
      leaseLost: this.#aborts.leaseLost.signal,
      get log() {
        log ??= remoteLog(logLevel, (level, args) => {
          if (!isEnded()) channel.tell({ type: "log", run, level, args });
          return !isEnded();
        });
        return log;
      },
      retry(options) {
        throw new Retry(options);
      },
      replace(signature) {
        throw new Replace(signature);
      },
      updateState: (state, result) => call("updateState", state, result) as Promise<void>,
      settleOther: (taskId, outcome) => call("settleOther", taskId, outcome) as Promise<void>,
      send: (queue, name, options) => call("send", queue, name, options ?? {}) as Promise<string>,
      apply: (signature) => call("apply", signature) as Promise<string>,
    };
  }

  abort(signal: MirroredSignal, reason: string): void {
    this.#aborts[signal].abort(unpackThrown(reason));
  }

  end(): void {
    this.#ended = true;
  }
}
