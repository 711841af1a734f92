import { setTimeout as pause } from "node:timers/promises";
import { type RedisConnectionOptions, redisLink } from "../broker/redis-connection.ts";
import { redisScript } from "../broker/redis-script.ts";
import { CeleryError } from "../celery-error.ts";
import { isRecord, parseInertJson, writeJson } from "../message/inert-json.ts";
import { redisBells } from "./redis-bells.ts";
import type { ResultStore, TaskMeta } from "./results.ts";
import { isReady } from "./task-state.ts";

export interface RedisResultsOptions extends RedisConnectionOptions {
  /** Before every key and channel (Celery's `result_backend_transport_options.global_keyprefix`); empty by default. */
  globalKeyPrefix?: string;
  /** Seconds a result is kept (Celery's `result_expires`); 86,400 by default, 0 keeps it for ever. */
  expires?: number;
  /** Time between looks at the key while waiting, in ms; a publish wakes earlier. 1,000 by default. */
  pollInterval?: number;
}

/**
 * Celery's Redis result backend: what we store, Python's AsyncResult reads, and the other way round.
 *
 * @throws {RedisError} when a TLS file cannot be read
 */
export function redisResults(options: RedisResultsOptions): ResultStore {
  const { expires = 86_400, pollInterval = 1000 } = options;
  const prefix = backendPrefix(options.globalKeyPrefix ?? "");
  const keyOf = (taskId: string) => `${prefix}celery-task-meta-${taskId}`;
  const link = redisLink(options);
  const bells = redisBells(options);

  async function get(taskId: string): Promise<TaskMeta | undefined> {
    const text = await link.run((redis) => redis.get(keyOf(taskId)));
    const meta = text === null ? undefined : parseInertJson(text);
    return isRecord(meta) ? (meta as TaskMeta) : undefined;
  }

  return {
    get,
    connect: (signal) => link.connect(signal),
    async close() {
      link.close();
      bells.close();
    },
    async store(meta) {
      const args = [writeJson(meta), Math.ceil(expires)];
      return (await link.run((redis) => storeResult(redis, [keyOf(meta.task_id)], args))) === 1;
    },

    async waitFor(taskId, signal) {
      signal.throwIfAborted();
      const bell = bells.at(keyOf(taskId));
      try {
        for (;;) {
          // Listening before looking: what is stored in between is seen, or heard.
          await bell.listen();
          const rung = bell.rung();
          const meta = await get(taskId).catch(unlessTransient);
          if (isReady(meta)) return meta;
          await sleep(pollInterval, rung, signal);
        }
      } finally {
        bell.stop();
      }
    },
  };
}

const storeResult = redisScript<0 | 1>(import.meta.url, "store-result");

/** Celery's backend, unlike its broker, puts a `_` after a prefix that has no separator of its own. */
function backendPrefix(prefix: string): string {
  return prefix === "" || /[:_.-]$/.test(prefix) ? prefix : `${prefix}_`;
}

/** An outage is waited out: the result may be stored when Redis is back. */
function unlessTransient(error: unknown): undefined {
  if (!(error instanceof CeleryError && error.kind === "transient")) throw error;
}

/** @throws the signal's reason */
async function sleep(ms: number, rung: Promise<void>, signal: AbortSignal): Promise<void> {
  const woken = new AbortController();
  try {
    await Promise.race([rung, pause(ms, undefined, { signal: AbortSignal.any([signal, woken.signal]) })]);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    woken.abort();
  }
}
