import type { RedisLink } from "../broker/redis-connection.ts";
import { redisScript } from "../broker/redis-script.ts";
import { isRecord, parseInertJson } from "../message/inert-json.ts";
import { writeJson } from "../message/write-json.ts";
import { readChordMembers, writeChordMember } from "./chord-member.ts";
import { readResultTuple } from "./result-tuple.ts";
import type { ResultStore } from "./results.ts";

type Chords = Pick<ResultStore, "saveGroup" | "getGroup" | "startChord" | "joinChord" | "endChord">;

export interface RedisChordsOptions {
  link: RedisLink;
  prefix: string;
  /** Seconds to keep the keys, 0 for ever. */
  expires: number;
  plainValues: boolean;
}

/**
 * Groups and chords on Redis, at Celery's keys (celery 5.6 `backends/redis.py`): workers in Python and ours count the
 * members of one chord together.
 */
export function redisChords({ link, prefix, expires, plainValues }: RedisChordsOptions): Chords {
  const keyOf = (groupId: string, ending = "") => `${prefix}celery-taskset-meta-${groupId}${ending}`;
  const keysOf = (groupId: string) => [".j", ".t", ".s", ".u"].map((ending) => keyOf(groupId, ending));

  async function set(key: string, value: string): Promise<void> {
    await link.run((redis) => (expires > 0 ? redis.setex(key, expires, value) : redis.set(key, value)));
  }

  return {
    saveGroup: (groupId, group) => set(keyOf(groupId), writeJson({ result: group })),
    async getGroup(groupId) {
      const text = await link.run((redis) => redis.get(keyOf(groupId)));
      const saved = text === null ? undefined : parseInertJson(text);
      return isRecord(saved) ? readResultTuple(saved.result) : undefined;
    },
    startChord: (groupId, size) => set(keyOf(groupId, ".s"), String(size)),
    async joinChord(groupId, part, { ordered, size = 0 }) {
      const args = [
        writeChordMember(part, { plainValues }),
        JSON.stringify(part.taskId),
        part.index ?? "+inf",
        expires,
        ordered ? 1 : 0,
        size,
      ];
      const all = await link.run((redis) => joinChord(redis, keysOf(groupId), args));
      return all === null ? undefined : readChordMembers(all);
    },
    async endChord(groupId) {
      await link.run((redis) => redis.del(...keysOf(groupId)));
    },
  };
}

const joinChord = redisScript<string[] | null>(import.meta.url, "join-chord");
