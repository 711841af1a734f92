import { EventEmitter, on } from "node:events";
import { parseInertJson } from "../message/inert-json.ts";
import { writeJson } from "../message/write-json.ts";
import { readChordMembers, writeChordMember } from "./chord-member.ts";
import type { ResultTuple } from "./result-tuple.ts";
import type { ChordPart, ResultStore, TaskMeta } from "./results.ts";
import { isReady } from "./task-state.ts";

/** Where the results of several {@link memoryResults} lie. They do not expire. */
export class MemoryResultHub {
  /** Kept as text, so that nobody changes a result in another's hands. */
  readonly metas = new Map<string, string>();
  readonly groups = new Map<string, string>();
  readonly chords = new Map<string, Chord>();
  readonly stored = new EventEmitter<{ stored: [taskId: string] }>().setMaxListeners(0);
}

interface Chord {
  size: number | undefined;
  members: Map<string, ChordMember>;
}

interface ChordMember {
  state: string;
  index: number;
  text: string;
}

/** A result store within one process. */
export function memoryResults(hub: MemoryResultHub = new MemoryResultHub()): ResultStore {
  function read(taskId: string): TaskMeta | undefined {
    const text = hub.metas.get(taskId);
    return text === undefined ? undefined : (parseInertJson(text) as TaskMeta);
  }

  function chord(groupId: string): Chord {
    const found = hub.chords.get(groupId) ?? { size: undefined, members: new Map() };
    hub.chords.set(groupId, found);
    return found;
  }

  return {
    async connect() {},
    async close() {},
    async store(meta) {
      if (read(meta.task_id)?.status === "SUCCESS") return false;
      hub.metas.set(meta.task_id, writeJson(meta));
      hub.stored.emit("stored", meta.task_id);
      return true;
    },
    get: async (taskId) => read(taskId),
    async forget(taskId) {
      hub.metas.delete(taskId);
    },

    async waitFor(taskId, signal) {
      signal.throwIfAborted();
      const ending = new AbortController();
      const arrivals = on(hub.stored, "stored", { signal: AbortSignal.any([signal, ending.signal]) });
      try {
        for (let meta = read(taskId); ; meta = read(taskId)) {
          if (isReady(meta)) return meta;
          await arrivals.next();
        }
      } catch (error) {
        throw signal.aborted ? signal.reason : error;
      } finally {
        ending.abort();
      }
    },

    async saveGroup(groupId, group) {
      hub.groups.set(groupId, writeJson(group));
    },
    async getGroup(groupId) {
      const text = hub.groups.get(groupId);
      return text === undefined ? undefined : (parseInertJson(text) as ResultTuple);
    },
    async startChord(groupId, size) {
      chord(groupId).size = size;
    },
    async joinChord(groupId, part, { ordered, size: least = 0 }) {
      const one = chord(groupId);
      if (one.size !== undefined) one.size = Math.max(one.size, least);
      const { size, members } = one;
      join(members, part);
      if (size === undefined || members.size < size) return undefined;
      const all = [...members.values()];
      if (ordered) all.sort((one, other) => (one.index === other.index ? 0 : one.index - other.index));
      return readChordMembers(all.map(({ text }) => text));
    },
    async endChord(groupId) {
      hub.chords.delete(groupId);
    },
  };
}

/** Of two runs of the same task one counts, and the one that succeeded rather than the other. */
function join(members: Map<string, ChordMember>, part: ChordPart): void {
  const { taskId, state, index = Number.POSITIVE_INFINITY } = part;
  if (members.get(taskId)?.state === "SUCCESS") return;
  members.set(taskId, { state, index, text: writeChordMember(part) });
}
