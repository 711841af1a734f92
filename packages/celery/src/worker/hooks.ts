import type { Logger } from "pino";
import type { RemoteError } from "../results/results.ts";
import type { RequestView } from "./inside.ts";

/** Which task an event speaks of. */
export interface TaskIdentity {
  id: string;
  name: string;
  queue: string;
  retries: number;
}

/** What a worker tells whoever listens: every event by name, with its facts. Durations are in seconds. */
export interface WorkerEvents {
  "task:received": TaskIdentity & { redelivered: boolean };
  "task:started": TaskIdentity;
  "task:succeeded": TaskIdentity & { runtime: number; value: unknown };
  "task:failed": TaskIdentity & { runtime: number; error: unknown; remote: RemoteError; traceback: string };
  "task:retried": TaskIdentity & {
    runtime: number;
    countdown: number;
    cause: unknown;
    remote: RemoteError;
    traceback: string;
  };
  /** Acknowledged without a result: thrown Ignore, or replaced by another task. */
  "task:ignored": TaskIdentity;
  /** REVOKED is stored: too late to run, or revoked, before it began or (`terminated` by `signal`) while it ran. */
  "task:revoked": TaskIdentity & { expired: boolean; terminated: boolean; signal: string | undefined };
  /** Given back because the process that ran it died. */
  "task:rejected": TaskIdentity & { requeue: boolean };
  /** Back at the head of its queue, for this or another worker. */
  "task:requeued": TaskIdentity;
  /** Put aside; `id` and `name` are undefined where the message does not tell them. */
  "task:dead-lettered": {
    id: string | undefined;
    name: string | undefined;
    queue: string;
    reason: string;
    text: string;
  };
  /** The message was no longer ours when it was settled: somebody else may have run it, or will. */
  "task:duplicate": TaskIdentity;
  /** Remote control has asked for something. */
  "control:requested": { method: string; outcome: string };
  "lease:lost": TaskIdentity & { how: "answered" | "clock" };
  /** The loop has asked the broker for a message (`found`: and got one). */
  poll: { found: boolean };
  "broker:connected": Record<never, never>;
  "broker:disconnected": { error: Error | undefined };
}

/** Listeners by event name. What a listener throws, or rejects with, is logged and goes no further. */
export type WorkerHooks = { [E in keyof WorkerEvents]?: (facts: WorkerEvents[E]) => unknown };

/** @param request  makes a view of the task that it is about, for those who tell the world of it */
export type Emit = <E extends keyof WorkerEvents>(
  event: E,
  facts: WorkerEvents[E],
  request?: () => RequestView,
) => void;

/** Calls listeners so that none of them can break what it listens to. */
export function safeEmit(hooks: WorkerHooks, log: Logger): Emit {
  return (event, facts) => {
    const complain = (error: unknown) => log.error({ err: error, event }, "a listener failed");
    try {
      const answer = hooks[event]?.(facts);
      if (answer instanceof Promise) answer.catch(complain);
    } catch (error) {
      complain(error);
    }
  };
}
