import type { DecodedTask } from "../message/decode-task.ts";
import type { ResultTuple } from "../results/result-tuple.ts";
import type { RemoteError } from "../results/results.ts";
import type { Signature } from "./signature.ts";

/**
 * What follows a task, by its message and by what it asked for: callbacks, the next step of its chain, the chord it is a
 * member of, errbacks. The worker calls it in this order:
 *
 * - success: {@link succeeded}, then the result is stored with the children it answers, then {@link joined};
 * - failure and revocation: the state is stored, then {@link failed};
 * - replacement: {@link replaced}; nothing is stored.
 *
 * Every call may be made again after it has failed half-way, or by another worker that got the same message: ids are kept
 * where the message has them, and derived from the task's id and the position where it has none, so that what is sent a
 * second time is recognised by its id.
 */
export interface Continuation {
  /** Whether anything follows the task's end; when not, the calls below need not be made. */
  isWanted(task: DecodedTask): boolean;
  /**
   * Sends the callbacks and the next step of the chain; answers what was sent, for `children`.
   *
   * @throws {MalformedCanvas} when what follows cannot be sent, now or ever: the task has failed then
   */
  succeeded(task: DecodedTask, value: unknown): Promise<ResultTuple[]>;
  /** Counts the task in where it is a member of a chord, and sends the body when it is the last. */
  joined(task: DecodedTask, state: "SUCCESS", value: unknown): Promise<void>;
  /**
   * Marks the remaining steps of the chain, counts the task in where it is a member of a chord, and sends the errbacks (not
   * for REVOKED, as in Celery).
   */
  failed(
    task: DecodedTask,
    state: "FAILURE" | "REVOKED",
    error: RemoteError,
    traceback?: string | null,
  ): Promise<void>;
  /**
   * Puts a signature in the task's place: it takes over id, callbacks, errbacks, the rest of the chain and the place in a chord.
   *
   * @param queue  where the task came from: there goes what has to gather the results of a group
   * @throws {MalformedCanvas} when the signature cannot take a task's place
   */
  replaced(task: DecodedTask, by: Signature, queue: string): Promise<void>;
  /** Sends a signature as a child of the task; answers the id of its (last) result, and what it adds to `children`. */
  applied(task: DecodedTask, signature: Signature): Promise<{ id: string; child: ResultTuple }>;
}
