import assert from "node:assert/strict";
import { type BuiltinContext, builtinTasks } from "../../src/canvas/builtin-tasks.ts";
import { createContinuation } from "../../src/canvas/continuation.ts";
import type { MalformedCanvas } from "../../src/canvas/malformed-canvas.ts";
import type { CanvasServices } from "../../src/canvas/services.ts";
import type { Signature } from "../../src/canvas/signature.ts";
import { taskSender } from "../../src/canvas/task-sender.ts";
import { createClient, type PendingResult } from "../../src/client/client.ts";
import { type DecodedTask, decodeTask } from "../../src/message/decode-task.ts";
import type { Envelope } from "../../src/message/envelope.ts";
import { writeEnvelope } from "../../src/message/envelope-text.ts";
import { memoryResults } from "../../src/results/memory.ts";
import { remoteError } from "../../src/results/python-error.ts";
import type { ResultTuple } from "../../src/results/result-tuple.ts";
import type { ResultStore } from "../../src/results/results.ts";
import { taskMeta } from "../../src/results/task-meta.ts";

/** What a task function may do besides returning and throwing. */
export interface FakeContext {
  request: DecodedTask;
  replace(signature: Signature): never;
  apply(signature: Signature): Promise<string>;
}

// biome-ignore lint/suspicious/noExplicitAny: what the arguments are is the task's business
export type FakeTask = (context: FakeContext, ...args: any[]) => unknown;

/** A run of a task, in the order in which they ran. */
export interface Run {
  name: string;
  id: string;
  args: unknown[];
}

/**
 * A worker without a broker: messages lie in a list, as text, and are run one by one by what would run them in a worker, in
 * the same order of sending, storing and counting.
 */
export interface CanvasWorld {
  services: CanvasServices;
  results: ResultStore;
  runs: Run[];
  /** Messages that are still to be run, with the addresses to which they went. */
  messages: { address: string; text: string }[];
  refused: MalformedCanvas[];
  apply<S extends Signature>(signature: S): Promise<PendingResult>;
  send(envelope: Envelope): void;
  /** Runs messages until there is none. */
  work(): Promise<void>;
  /** Runs one message and leaves what it sent. */
  workOnce(task: DecodedTask): Promise<void>;
  next(): DecodedTask;
  /** The value, or the error as `Type: message`. */
  outcome(id: string): Promise<unknown>;
}

class Replaced extends Error {
  readonly by: Signature;

  constructor(by: Signature) {
    super("replaced");
    this.by = by;
  }
}

export interface CanvasWorldOptions extends Partial<CanvasServices> {
  /** Called before a task is sent: it may throw, as a broker that is away. */
  beforeSend?(name: string): void;
  /** Every message is delivered so many times. */
  deliveries?: number;
}

export function canvasWorld(tasks: Record<string, FakeTask>, options: CanvasWorldOptions = {}): CanvasWorld {
  const { beforeSend, deliveries = 1, ...more } = options;
  const messages: CanvasWorld["messages"] = [];
  const runs: Run[] = [];
  const refused: MalformedCanvas[] = [];
  const results = more.results ?? memoryResults();
  const broker = {
    async publish(address: unknown, envelope: Envelope) {
      beforeSend?.(String(envelope.headers.task));
      messages.push({ address: JSON.stringify(address), text: writeEnvelope(envelope) });
    },
  };
  const publish = taskSender(broker);
  const services: CanvasServices = {
    send: async (task) => void (await publish(task)),
    results,
    route: () => "celery",
    refused: (error) => refused.push(error),
    ...more,
  };
  const continuation = createContinuation(services);
  const client = createClient({ broker: broker as never, results });
  const builtin = builtinTasks<FakeContext & BuiltinContext>({
    services,
    run: async ({ request, ...context }) => tasks[request.name]!({ request, ...context }, ...request.args),
  });

  async function runTask(request: DecodedTask, children: ResultTuple[]): Promise<unknown> {
    const { name, args } = request;
    runs.push({ name, id: request.id, args: plain(args) as unknown[] });
    const context = {
      request,
      replace(by: Signature): never {
        throw new Replaced(by);
      },
      async apply(signature: Signature) {
        const { id, child } = await continuation.applied(request, signature);
        children.push(child);
        return id;
      },
      retry(): never {
        throw new Error("to be tried again");
      },
    };
    const found = builtin.find((task) => task.name === name);
    if (found) return found.run(context);
    if (!tasks[name]) throw Object.assign(new Error(name), { name: "NotRegistered" });
    return tasks[name](context, ...args);
  }

  async function workOnce(task: DecodedTask): Promise<void> {
    const children: ResultTuple[] = [];
    const { id, groupId, parentId } = task;
    const owner = { id, groupId, parentId };
    let value: unknown;
    try {
      value = await runTask(task, children);
      if (continuation.isWanted(task)) children.push(...(await continuation.succeeded(task, value)));
    } catch (error) {
      if (error instanceof BrokerAway) throw error;
      if (error instanceof Replaced) return continuation.replaced(task, error.by, "queue of the replaced");
      const remote = remoteError(error);
      await results.store(taskMeta(owner, "FAILURE", remote, "a traceback"));
      return continuation.failed(task, "FAILURE", remote, "a traceback");
    }
    await results.store(taskMeta(owner, "SUCCESS", value, null, { children }));
    await continuation.joined(task, "SUCCESS", value);
  }

  return {
    services,
    results,
    runs,
    messages,
    refused,
    apply: (signature) => client.apply(signature),
    send: (envelope) => void messages.push({ address: "celery", text: writeEnvelope(envelope) }),
    workOnce,
    next: () => decodeTask(messages.shift()!.text),
    async work() {
      for (let count = 0; messages.length > 0; count++) {
        assert.ok(count < 10_000, "it goes on for ever");
        const { text } = messages.shift()!;
        for (let delivery = 0; delivery < deliveries; delivery++) await workOnce(decodeTask(text));
      }
    },
    async outcome(id) {
      const meta = await results.get(id);
      if (meta?.status === "SUCCESS") return plain(meta.result);
      const { exc_type, exc_message } = Object(meta?.result);
      return meta ? `${meta.status} ${exc_type}: ${exc_message}` : "PENDING";
    },
  };
}

/** Thrown by `beforeSend`: not the task's failure. */
export class BrokerAway extends Error {}

/** Without the missing prototypes of what comes out of JSON. */
export function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/** Tasks that most stories need. */
export const sums: Record<string, FakeTask> = {
  add: (_, x: number, y: number) => x + y,
  total: (_, numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0),
  list: (_, ...values: unknown[]) => values,
  fail: (_, text = "no") => {
    throw Object.assign(new Error(String(text)), { name: "ValueError" });
  },
};
