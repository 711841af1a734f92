import { celeryErrors } from "../results/celery-errors.ts";
import { readRemoteError } from "../results/read-remote-error.ts";
import type { ResultTuple } from "../results/result-tuple.ts";
import type { ChordPart, RemoteError, TaskState } from "../results/results.ts";
import { carryOut } from "./carry-out.ts";
import { derivedIds } from "./derived-ids.ts";
import { errbacksOf, storeUnsent, type Unsent, unsentTasksOf, type Verdict } from "./fail-signature.ts";
import { MalformedCanvas } from "./malformed-canvas.ts";
import { planCanvas } from "./plan.ts";
import { readSignature } from "./read-signature.ts";
import type { CanvasServices } from "./services.ts";
import { listOf } from "./shape.ts";
import type { Signature, SignatureOptions } from "./signature.ts";

/** A task as far as the chord is concerned that it may be a member of. */
export interface ChordMember {
  id: string;
  groupId: string | undefined;
  groupIndex: number | undefined;
  /** The body, as the message has it. */
  chord: unknown;
  /** What the body, or its errbacks, are sent with. */
  options: SignatureOptions;
}

export type JoinedPart = Omit<ChordPart, "index">;

export interface CompleteChord {
  groupId: string;
  body: unknown;
  parts: readonly JoinedPart[];
  /** The header, where its results are not flat. */
  group: ResultTuple | undefined;
  options: SignatureOptions;
}

/** What becomes of chords when their members have ended, and of canvas that will never be sent. */
export interface ChordJoins {
  /** Counts the member in; the one that completes the chord sends its body, or fails it. */
  join(member: ChordMember, state: TaskState, result: unknown): Promise<void>;
  /** All members have ended: sends the body, or fails it. */
  finish(chord: CompleteChord): Promise<void>;
  /** Fails what will never be sent: its tasks, what follows them, and the chords that wait for them. */
  failUnsent(signature: Signature, verdict: Verdict, options: SignatureOptions): Promise<void>;
}

export function chordJoins(services: CanvasServices): ChordJoins {
  const { results, chordOrdered = true, limits } = services;

  async function join(member: ChordMember, state: TaskState, result: unknown): Promise<void> {
    const { id, groupId, groupIndex, chord, options } = member;
    if (chord === undefined || chord === null || groupId === undefined) return;
    const part = { index: groupIndex, taskId: id, state, result };
    let parts = await results.joinChord(groupId, part, { ordered: chordOrdered });
    if (!parts) return;
    const group = await results.getGroup(groupId);
    // A Python worker that sends a group within the header says its size in place of the whole header's: then the chord
    // seems complete while members still run.
    const size = group ? countLeaves(group) : 0;
    if (size > parts.length) parts = await results.joinChord(groupId, part, { ordered: chordOrdered, size });
    if (!parts) return;
    await finish({ groupId, body: chord, parts, group, options });
    // Only now: whoever dies before, and counts in again, comes to the same.
    await results.endChord(groupId);
  }

  async function finish({ groupId, body, parts, group, options }: CompleteChord): Promise<void> {
    const signature = readSignature(body, `the body of chord ${groupId}`, limits);
    const culprit = parts.find(({ state }) => state !== "SUCCESS");
    if (culprit) {
      const { taskId, state, result } = culprit;
      return failBody(signature, celeryErrors.dependencyFailed(taskId, readRemoteError(state, result)), options);
    }
    const values = group ? await valuesOf(group, parts) : parts.map(({ result }) => result);
    const canvas = planCanvas(services.route, derivedIds(groupId, "body"));
    try {
      canvas.apply(signature, { args: [values], options });
    } catch (error) {
      if (!(error instanceof MalformedCanvas)) throw error;
      return failBody(signature, celeryErrors.chordError(`Callback error: ${error.message}`), options);
    }
    await carryOut(canvas.plan, services);
  }

  /** The results in the shape of the header, where that is not flat. */
  async function valuesOf([, members]: ResultTuple, all: readonly JoinedPart[]): Promise<unknown[]> {
    const byId = new Map(all.map(({ taskId, result }) => [taskId, result]));
    const value = async (tuple: ResultTuple): Promise<unknown> => {
      const [[id], inner] = tuple;
      if (inner) return Promise.all(inner.map(value));
      return byId.has(id) ? byId.get(id) : ((await results.get(id))?.result ?? null);
    };
    return Promise.all((members ?? []).map(value));
  }

  async function failBody(body: Signature, error: RemoteError, options: SignatureOptions): Promise<void> {
    await failUnsent(body, { state: "FAILURE", error, traceback: null }, options);
    for (const { id, errbacks } of errbacksOf(body)) {
      const canvas = planCanvas(services.route, derivedIds(id, "failed"));
      for (const [index, errback] of errbacks.entries()) {
        const call = { args: [id], options: { ...options, parent_id: id } };
        canvas.apply(readSignature(errback, `errbacks[${index}]`, limits), call);
      }
      await carryOut(canvas.plan, services);
    }
  }

  async function failUnsent(signature: Signature, verdict: Verdict, options: SignatureOptions): Promise<void> {
    const unsent = unsentTasksOf(signature);
    await storeUnsent(results, unsent, verdict);
    for (const one of unsent) {
      if (one.joins) await join(memberOf(one, options), verdict.state, verdict.error);
    }
    for (const step of listOf(signature.options.chain).toReversed()) {
      await failUnsent(readSignature(step, "a step of the chain", limits), verdict, options);
    }
  }

  return { join, finish, failUnsent };
}

/** Results of tasks, those of groups within counted one by one: as many members as a header of this shape has. */
function countLeaves([, members]: ResultTuple): number {
  return members === null ? 1 : members.reduce((sum, member) => sum + countLeaves(member), 0);
}

function memberOf({ signature }: Unsent, options: SignatureOptions): ChordMember {
  const { task_id, group_id, group_index, chord } = signature.options;
  // Nobody has checked them: what is never sent is never read.
  const groupId = typeof group_id === "string" ? group_id : undefined;
  const groupIndex = Number.isSafeInteger(group_index) ? group_index : undefined;
  return { id: task_id!, groupId, groupIndex, chord, options };
}
