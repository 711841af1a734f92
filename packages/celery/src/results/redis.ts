import { setTimeout as pause } from "node:timers/promises";
import { oneTrip } from "../broker/one-trip.ts";
import { type RedisConnectionOptions, redisLink } from "../broker/redis-connection.ts";
import { redisScript } from "../broker/redis-script.ts";
import { CeleryError } from "../celery-error.ts";
import { isRecord, parseInertJson } from "../message/inert-json.ts";
import { UndecodableMessage } from "../message/undecodable-message.ts";
import { writeJson } from "../message/write-json.ts";
import { redisBells } from "./redis-bells.ts";
import { redisChords } from "./redis-chords.ts";
import type { ResultStore, TaskMeta } from "./results.ts";
import { isReady } from "./task-state.ts";

export interface RedisResultsOptions extends RedisConnectionOptions {
  /** Before every key and channel (Celery's `result_backend_transport_options.global_keyprefix`); empty by default. */
  globalKeyPrefix?: string;
  /** Seconds a result is kept (Celery's `result_expires`); 86,400 by default, 0 or null keeps it for ever. */
  expires?: number | null;
  /** Dates, decimals, uuids and bytes are stored as plain texts, for peers with kombu before 5.3; false by default. */
  plainValues?: boolean;
  /** Time between looks at the key while waiting, in ms; a publish wakes earlier. 1,000 by default. */
  pollInterval?: number;
}

/**
 * Celery's Redis result backend: what we store, Python's AsyncResult reads, and the other way round.
 *
 * @throws {RedisError} when a TLS file cannot be read
 */
export function redisResults(options: RedisResultsOptions): ResultStore {
  const { pollInterval = 1000, plainValues = false } = options;
  const expires = Math.ceil((options.expires === undefined ? 86_400 : options.expires) ?? 0);
  const prefix = backendPrefix(options.globalKeyPrefix ?? "");
  const keyOf = (taskId: string) => `${prefix}celery-task-meta-${taskId}`;
  const link = redisLink(options);
  const bells = redisBells(options);

  const store = oneTrip(async (metas: readonly Stored[]) => {
    const keys = metas.map(({ key }) => key);
    const states = metas.map(({ text }) => text);
    return link.run((redis) => storeResults(redis, keys, [expires, ...states]));
  }, mostInOneCall);

  async function get(taskId: string): Promise<TaskMeta | undefined> {
    const text = await link.run((redis) => redis.get(keyOf(taskId)));
    return text === null ? undefined : readMeta(text);
  }

  return {
    ...redisChords({ link, prefix, expires, plainValues }),
    get,
    connect: (signal) => link.connect(signal),
    async close() {
      link.close();
      bells.close();
    },
    async store(meta) {
      return (await store({ key: keyOf(meta.task_id), text: writeJson(meta, { plainValues }) })) === 1;
    },
    async forget(taskId) {
      await link.run((redis) => redis.del(keyOf(taskId)));
    },

    async waitFor(taskId, signal) {
      signal.throwIfAborted();
      const ended = Promise.withResolvers<TaskMeta>();
      const bell = bells.at(keyOf(taskId), (message) => {
        const meta = unlessMalformed(message);
        if (isReady(meta)) ended.resolve(meta);
      });
      try {
        for (;;) {
          // Listening before looking: what is stored in between is seen, or heard.
          await bell.listen();
          const meta = await get(taskId).catch(unlessTransient);
          if (isReady(meta)) return meta;
          const heard = await within(pollInterval, ended.promise, signal);
          if (heard) return heard;
        }
      } finally {
        bell.stop();
      }
    },
  };
}

interface Stored {
  key: string;
  text: string;
}

/** A script holds up everybody: some 10 µs a result. */
const mostInOneCall = 200;

const storeResults = redisScript<(0 | 1)[]>(import.meta.url, "store-results");

function readMeta(text: string): TaskMeta | undefined {
  const meta = parseInertJson(text);
  return isRecord(meta) ? (meta as TaskMeta) : undefined;
}

/** Anybody may publish anything. */
function unlessMalformed(message: string): TaskMeta | undefined {
  try {
    return readMeta(message);
  } catch (error) {
    if (!(error instanceof UndecodableMessage)) throw error;
  }
}

/** Celery's backend, unlike its broker, puts a `_` after a prefix that has no separator of its own. */
function backendPrefix(prefix: string): string {
  return prefix === "" || /[:_.-]$/.test(prefix) ? prefix : `${prefix}_`;
}

/** An outage is waited out: the result may be stored when Redis is back. */
function unlessTransient(error: unknown): undefined {
  if (!(error instanceof CeleryError && error.kind === "transient")) throw error;
}

/**
 * @returns undefined when the time is over first
 * @throws the signal's reason
 */
async function within<T>(ms: number, event: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const woken = new AbortController();
  try {
    return await Promise.race([event, pause(ms, undefined, { signal: AbortSignal.any([signal, woken.signal]) })]);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    woken.abort();
  }
}
