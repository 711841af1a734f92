import type { Address } from "../broker/broker.ts";
import { isDeflated } from "../message/compression.ts";
import type { TaskToSend } from "../message/encode-task.ts";
import { isRecord } from "../message/inert-json.ts";
import { readIsoTime } from "../message/iso-time.ts";
import { findSerializer } from "../message/serializers.ts";
import { MalformedCanvas } from "./malformed-canvas.ts";
import { listOf } from "./shape.ts";
import type { Signature, SignatureOptions } from "./signature.ts";

/**
 * What is sent for the signature of a task, by its options: Celery's `apply_async` (celery 5.6 `app/base.py`, `send_task`).
 * Options that are none of Celery's are left out.
 *
 * @param route  where it goes when its options do not say
 * @throws {MalformedCanvas} when an option has a type that it cannot have
 */
export function taskOfSignature(signature: Signature, route: (taskName: string) => Address): TaskToSend {
  const { task: name, args, kwargs, options } = signature;
  const read = optionReader(name, options);
  const task: TaskToSend = { ...addressOf(routedAs(signature), read, route), name, args, kwargs };
  const put = <K extends keyof TaskToSend>(key: K, value: TaskToSend[K] | undefined) => {
    if (value !== undefined) task[key] = value;
  };
  put("id", read.text("task_id"));
  put("priority", read.number("priority"));
  put("countdown", read.span("countdown"));
  put("eta", read.time("eta"));
  put("expires", typeof options.expires === "number" ? read.span("expires") : read.time("expires"));
  put("retries", read.count("retries"));
  put("rootId", read.text("root_id"));
  put("parentId", read.text("parent_id"));
  put("groupId", read.text("group_id"));
  put("groupIndex", read.count("group_index"));
  put("replyTo", read.text("reply_to"));
  put("shadow", read.text("shadow"));
  put("replacedTaskNesting", read.count("replaced_task_nesting"));
  put("headers", read.record("headers"));
  put("serializer", serializerOf(read.text("serializer")));
  const compression = read.text("compression");
  if (compression !== undefined && isDeflated(compression)) task.compression = compression;
  if (options.ignore_result === true) task.ignoreResult = true;
  const [hard, soft] = [read.limit("time_limit"), read.limit("soft_time_limit")];
  if (hard !== undefined || soft !== undefined) task.timeLimits = [hard ?? null, soft ?? null];
  const stamps = stampsOf(options);
  if (stamps) task.stamps = stamps;
  const [link, errors, chain] = [listOf(options.link), listOf(options.link_error), listOf(options.chain)];
  const chord = options.chord ?? null;
  if (link.length > 0 || errors.length > 0 || chain.length > 0 || chord !== null) {
    task.embed = { callbacks: orNull(link), errbacks: orNull(errors), chain: orNull(chain), chord };
  }
  return task;
}

/** The names in `stamped_headers` and their values, which lie among the options. */
export function stampsOf(options: SignatureOptions): Record<string, unknown> | undefined {
  const names = listOf(options.stamped_headers).filter((name) => typeof name === "string");
  if (names.length === 0) return undefined;
  return Object.fromEntries(names.map((name) => [name, options[name] ?? null]));
}

type OptionReader = ReturnType<typeof optionReader>;

/** The anonymous exchange goes by the queue's name. */
function addressOf(name: string, read: OptionReader, route: (taskName: string) => Address) {
  const [queue, exchange, routingKey] = [read.text("queue"), read.text("exchange"), read.text("routing_key")];
  if (exchange && routingKey) return { queue: queue ?? routingKey, exchange, routingKey };
  const address = queue ?? (exchange === "" && routingKey ? routingKey : route(name));
  return typeof address === "string" ? { queue: address } : { queue: address.routingKey, ...address };
}

/** @throws {MalformedCanvas} for pickle, and what nobody knows. A compression that we do not write is left out instead. */
function serializerOf(name: string | undefined): string | undefined {
  try {
    return name === undefined ? undefined : findSerializer(name).name;
  } catch (error) {
    throw new MalformedCanvas("the option serializer", (error as Error).message);
  }
}

/** What maps another task over a list goes where that task goes. */
function routedAs({ task, kwargs }: Signature): string {
  const maps = task === "celery.map" || task === "celery.starmap" || task === "celery.chunks";
  return maps && isRecord(kwargs.task) && typeof kwargs.task.task === "string" ? kwargs.task.task : task;
}

/** Null stands for an option that is not set. */
function optionReader(task: string, options: SignatureOptions) {
  function of<T>(type: string, is: (value: unknown) => value is T): (name: string) => T | undefined {
    return (name) => {
      const value = options[name] ?? undefined;
      if (value === undefined || is(value)) return value;
      throw new MalformedCanvas(`the signature of ${task}`, `its option ${name} is not a ${type}`);
    };
  }
  const text = of("text", (value) => typeof value === "string");
  return {
    text,
    number: of("number", (value) => typeof value === "number"),
    count: of("count", (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0),
    limit: of("number of seconds", (value): value is number => isSeconds(value) && value >= 0),
    span: of("number of seconds", isSeconds),
    record: of("object", isRecord),
    time(name: string): Date | undefined {
      const value = options[name];
      if (value instanceof Date) return value;
      const written = text(name);
      const time = written === undefined ? undefined : readIsoTime(written);
      if (written !== undefined && !time)
        throw new MalformedCanvas(`the signature of ${task}`, `its option ${name} is no time`);
      return time;
    },
  };
}

/** At most some three hundred years: beyond that there are times that cannot be written. */
function isSeconds(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 1e10;
}

function orNull(list: unknown[]): unknown[] | null {
  return list.length > 0 ? list : null;
}
