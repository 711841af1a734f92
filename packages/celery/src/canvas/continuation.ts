import { randomUUID } from "node:crypto";
import type { DecodedTask } from "../message/decode-task.ts";
import type { Embed } from "../message/encode-task.ts";
import { traceContext } from "../message/trace-context.ts";
import type { ResultTuple } from "../results/result-tuple.ts";
import type { RemoteError } from "../results/results.ts";
import { carryOut } from "./carry-out.ts";
import { chordJoins } from "./chord-join.ts";
import { derivedIds } from "./derived-ids.ts";
import type { NewId } from "./freeze.ts";
import { MalformedCanvas } from "./malformed-canvas.ts";
import { type Applied, type Call, planCanvas } from "./plan.ts";
import { readSignature } from "./read-signature.ts";
import { replacementOf } from "./replace-task.ts";
import type { CanvasServices } from "./services.ts";
import { kindOf, listOf } from "./shape.ts";
import type { Signature, SignatureOptions } from "./signature.ts";

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
  /**
   * Counts the task in where it is a member of a chord, and sends the body when it is the last. A body that cannot be sent
   * fails with ChordError; the task has succeeded nevertheless.
   */
  joined(task: DecodedTask, state: "SUCCESS", value: unknown): Promise<void>;
  /**
   * Marks the remaining steps of the chain, counts the task in where it is a member of a chord, and sends the errbacks (not
   * for REVOKED, as in Celery).
   */
  failed(task: DecodedTask, state: "FAILURE" | "REVOKED", error: RemoteError, traceback?: string | null): Promise<void>;
  /**
   * Puts a signature in the task's place: it takes over id, callbacks, errbacks, the rest of the chain and the place in a chord.
   *
   * @param queue  where the task came from: there goes what has to gather the results of a group
   * @throws {MalformedCanvas} when the signature cannot take a task's place
   */
  replaced(task: DecodedTask, by: Signature, queue: string): Promise<void>;
  /**
   * Sends a signature as a child of the task; answers the id of its (last) result, and what it adds to `children`.
   *
   * @throws {MalformedCanvas}
   */
  applied(task: Parent, signature: Signature): Promise<{ id: string; child: ResultTuple }>;
}

/** `headers` carry the trace on, where there is one. */
export type Parent = Pick<DecodedTask, "id" | "rootId" | "priority"> & Partial<Pick<DecodedTask, "headers">>;

/** Whether a message names what follows its task: callbacks, errbacks, further steps of a chain, a chord. */
export function isFollowed({ callbacks, errbacks, chain, chord }: Embed): boolean {
  return [callbacks, errbacks, chain].some((list) => listOf(list).length > 0) || (chord ?? null) !== null;
}

export function createContinuation(services: CanvasServices): Continuation {
  const { route, limits, inheritParentPriority = false, refused } = services;
  const chords = chordJoins(services);

  function childOptions({ id, rootId, priority, headers = {} }: Parent): SignatureOptions {
    const trace = traceContext(headers);
    return {
      ...{ root_id: rootId ?? id, parent_id: id },
      ...(inheritParentPriority && { priority }),
      ...(trace && { headers: trace }),
    };
  }

  async function applyAll(signatures: readonly [Signature, Call][], newId: NewId): Promise<Applied[]> {
    const canvas = planCanvas(route, newId);
    const applied = signatures.map(([signature, call]) => canvas.apply(signature, call));
    await carryOut(canvas.plan, services);
    return applied.filter((one) => one !== undefined);
  }

  /** What cannot be read is told, and keeps nothing else from being done. */
  async function unlessMalformed(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof MalformedCanvas)) throw error;
      refused?.(error);
    }
  }

  function join(task: DecodedTask, state: "SUCCESS" | "FAILURE" | "REVOKED", result: unknown): Promise<void> {
    const { id, groupId, groupIndex, embed } = task;
    const member = { id, groupId, groupIndex, chord: embed.chord, options: childOptions(task) };
    return unlessMalformed(() => chords.join(member, state, result));
  }

  return {
    isWanted: ({ embed }) => isFollowed(embed),

    async succeeded(task, value) {
      const chain = listOf(task.embed.chain);
      const call = { args: [value ?? null], options: childOptions(task) };
      const callbacks = listOf(task.embed.callbacks).map((callback, index) =>
        readSignature(callback, `callbacks[${index}]`, limits),
      );
      // Celery's order: groups, all others, and the chain after them.
      const groups = callbacks.filter((callback) => kindOf(callback) === "group");
      const others = callbacks.filter((callback) => kindOf(callback) !== "group");
      const calls = [...groups, ...others].map((callback): [Signature, Call] => [callback, call]);
      if (chain.length > 0) {
        const next = readSignature(chain.at(-1), `chain[${chain.length - 1}]`, limits);
        calls.push([next, { ...call, options: { ...call.options, chain: chain.slice(0, -1) } }]);
      }
      const applied = await applyAll(calls, derivedIds(task.id, "succeeded"));
      return applied.map(({ child }) => child);
    },

    joined: join,

    async failed(task, state, error, traceback = null) {
      const options = childOptions(task);
      const verdict = { state, error, traceback };
      await join(task, state, error);
      for (const [index, step] of listOf(task.embed.chain).entries()) {
        const read = () => readSignature(step, `chain[${index}]`, limits);
        await unlessMalformed(async () => chords.failUnsent(read(), verdict, options));
      }
      const errbacks = state === "FAILURE" ? listOf(task.embed.errbacks) : [];
      const newId = derivedIds(task.id, "failed");
      for (const [index, errback] of errbacks.entries()) {
        const read = () => readSignature(errback, `errbacks[${index}]`, limits);
        await unlessMalformed(async () => applyAll([[read(), { args: [task.id], options }]], newId));
      }
    },

    async replaced(task, by, queue) {
      const newId = derivedIds(task.id, `replaced/${task.replacedTaskNesting}`);
      const signature = replacementOf(task, by, { queue, newId, limits });
      const { id, rootId = id, parentId } = task;
      await applyAll([[signature, { options: { root_id: rootId, parent_id: parentId } }]], newId);
    },

    async applied(task, signature) {
      const read = readSignature(signature, "the signature", limits);
      const [applied] = await applyAll([[read, { options: childOptions(task) }]], randomUUID);
      if (!applied) throw new MalformedCanvas("the signature", "there is nothing in it");
      const { result, child } = applied;
      return { id: result[0][0], child };
    },
  };
}
