import { randomUUID } from "node:crypto";
import type { Address, Broker } from "../broker/broker.ts";
import { carryOut } from "../canvas/carry-out.ts";
import type { ResultOf, TaskReference } from "../canvas/compose.ts";
import { MalformedCanvas } from "../canvas/malformed-canvas.ts";
import { planCanvas } from "../canvas/plan.ts";
import { readSignature } from "../canvas/read-signature.ts";
import type { SendOptions } from "../canvas/send-options.ts";
import type { Signature } from "../canvas/signature.ts";
import { signatureOptions } from "../canvas/signature-options.ts";
import { taskOfSignature } from "../canvas/task-of-signature.ts";
import { type OnSent, taskSender } from "../canvas/task-sender.ts";
import { resultTuple } from "../results/result-tuple.ts";
import type { RemoteError, ResultStore } from "../results/results.ts";
import { taskMeta } from "../results/task-meta.ts";
import { type PendingResult, pendingResult, tupleOf } from "./pending-result.ts";

export type { PendingResult } from "./pending-result.ts";
export { TaskFailed } from "./task-failed.ts";

/** Sends tasks to Celery workers of any language, and awaits their results. */
export interface Client {
  /**
   * Publishes a task to a queue, or to the exchange that the options name; answers its id. Rejects when the broker does not
   * take it.
   */
  send<Args extends readonly unknown[]>(
    queue: string,
    task: string | TaskReference<Args>,
    options?: SendOptions & { args?: NoInfer<Args> },
  ): Promise<string>;
  /**
   * Sends a signature, a chain, a group or a chord: all of it that begins now. What names no queue goes where the client's
   * `route` says, or to its default queue.
   *
   * @throws {MalformedCanvas}
   */
  apply<S extends Signature>(signature: S): Promise<PendingResult<ResultOf<S>>>;
  /** What becomes of a task that was sent before, or by somebody else. */
  result<Value = unknown>(taskId: string): PendingResult<Value>;
  /** Keeps what a group consists of, for {@link group}: Celery's `GroupResult.save`. */
  saveGroup(group: PendingResult): Promise<void>;
  /** A group that was saved, by this client or in Python; undefined when it was not. */
  group<Values = unknown[]>(groupId: string): Promise<PendingResult<Values> | undefined>;
  /** Stores the final state of a task that nobody runs: on whose behalf others worked, or that turned out to be hopeless. */
  settle(taskId: string, outcome: { result: unknown } | { error: RemoteError }): Promise<void>;
}

export interface ClientOptions {
  /** Connected and closed by the caller. */
  broker: Broker;
  /** Connected and closed by the caller. */
  results: ResultStore;
  /** Of signatures that name none (Celery's `task_default_queue`); `celery` by default. */
  defaultQueue?: string;
  /** Where tasks go by their names (Celery's `task_routes`); undefined leaves it to the default queue. */
  route?: ((taskName: string) => Address | undefined) | undefined;
  /** Told of every task that was published: `task_send_sent_event` is made of it. */
  onSent?: OnSent;
}

export function createClient(options: ClientOptions): Client {
  const { broker, results, defaultQueue = "celery", route = () => undefined, onSent } = options;
  const publish = taskSender(broker, onSent);
  const routeOf = (taskName: string) => route(taskName) ?? defaultQueue;
  const send = async (task: Parameters<typeof publish>[0]) => void (await publish(task));

  return {
    async send(queue, task, { args = [], kwargs = {}, ...settings } = {}) {
      const name = typeof task === "string" ? task : task.name;
      const call = { task: name, args: [...args], kwargs, options: signatureOptions({ ...settings, queue }) };
      const envelope = await publish(taskOfSignature({ ...call, subtask_type: null, immutable: false }, routeOf));
      return envelope.headers.id as string;
    },

    async apply<S extends Signature>(signature: S) {
      const canvas = planCanvas(routeOf, randomUUID);
      const applied = canvas.apply(readSignature(signature, "the signature", unlimited));
      if (!applied) throw new MalformedCanvas("the signature", "there is nothing in it");
      await carryOut(canvas.plan, { results, send });
      return pendingResult<ResultOf<S>>(results, applied.result);
    },

    result: <Value>(taskId: string) => pendingResult<Value>(results, resultTuple(taskId)),

    saveGroup: (group) => results.saveGroup(group.id, tupleOf(group)),
    async group<Values>(groupId: string) {
      const tuple = await results.getGroup(groupId);
      return tuple && pendingResult<Values>(results, tuple);
    },

    async settle(id, outcome) {
      const meta =
        "error" in outcome ? taskMeta({ id }, "FAILURE", outcome.error) : taskMeta({ id }, "SUCCESS", outcome.result);
      await results.store(meta);
    },
  };
}

/** What our own program composes is bounded by its memory, and by what the reader's stack bears. */
const unlimited = { signatures: Number.POSITIVE_INFINITY, depth: 500 };
