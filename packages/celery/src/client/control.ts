import { randomUUID } from "node:crypto";
import type { Broker } from "../broker/broker.ts";
import { isRecord } from "../message/inert-json.ts";
import { plainEnvelope, readPlainMessage } from "../message/plain-envelope.ts";
import { UndecodableMessage } from "../message/undecodable-message.ts";
import type { Outcome, Replies } from "./control-replies.ts";
import type { ControlTarget } from "./control-target.ts";
import { createInspect, type Inspect } from "./inspect.ts";

export type { Replies } from "./control-replies.ts";
export type { ControlTarget } from "./control-target.ts";

/** Remote control of all Celery workers on a broker, Python's and ours. */
export interface Control {
  /** What workers are and do; changes nothing. */
  readonly inspect: Inspect;
  ping(target?: ControlTarget): Promise<Replies<Outcome>>;
  /** Tasks that have not begun shall not run; with `terminate` also ends those that have, by `signal` (TERM). */
  revoke(
    taskIds: string | readonly string[],
    options?: { terminate?: boolean; signal?: string },
    target?: ControlTarget,
  ): Promise<Replies<Outcome>>;
  /** Ends tasks, by `signal` (TERM), or keeps them from running. */
  terminate(taskIds: string | readonly string[], signal?: string, target?: ControlTarget): Promise<Replies<Outcome>>;
  /** The same for all tasks that carry one of the stamps. Celery 5.3 and later know it. */
  revokeByStampedHeaders(
    headers: Readonly<Record<string, string | readonly string[]>>,
    options?: { terminate?: boolean; signal?: string },
    target?: ControlTarget,
  ): Promise<Replies<Outcome>>;
  /** @param limit  `10/s`, `100/m`, `5/h`; `0` takes it away */
  rateLimit(taskName: string, limit: string, target?: ControlTarget): Promise<Replies<Outcome>>;
  /** @param limits  in seconds; what is left out is none */
  timeLimit(
    taskName: string,
    limits: { soft?: number; hard?: number },
    target?: ControlTarget,
  ): Promise<Replies<Outcome>>;
  addConsumer(
    queue: string,
    options?: { exchange?: string; exchangeType?: "direct" | "topic" | "fanout"; routingKey?: string },
    target?: ControlTarget,
  ): Promise<Replies<Outcome>>;
  cancelConsumer(queue: string, target?: ControlTarget): Promise<Replies<Outcome>>;
  poolGrow(n?: number, target?: ControlTarget): Promise<Replies<Outcome>>;
  poolShrink(n?: number, target?: ControlTarget): Promise<Replies<Outcome>>;
  poolRestart(target?: ControlTarget): Promise<Replies<Outcome>>;
  autoscale(max: number, min: number, target?: ControlTarget): Promise<Replies<Outcome>>;
  enableEvents(target?: ControlTarget): Promise<Replies<Outcome>>;
  disableEvents(target?: ControlTarget): Promise<Replies<Outcome>>;
  /** Has workers send a heartbeat event now. Nothing is replied. */
  heartbeat(target?: ControlTarget): Promise<void>;
  /** Has one of the workers call a task: all stand for election, one wins. Nothing is replied. */
  election(id: string, topic: string, action: unknown, target?: ControlTarget): Promise<void>;
  /** Begins a warm shutdown. Nothing is replied. */
  shutdown(target?: ControlTarget): Promise<void>;
  /** Any method, with Celery's names for it and its arguments. */
  broadcast<T = unknown>(
    method: string,
    args?: Readonly<Record<string, unknown>>,
    target?: ControlTarget,
  ): Promise<Replies<T>>;
  /** The same without waiting for replies. */
  cast(method: string, args?: Readonly<Record<string, unknown>>, target?: ControlTarget): Promise<void>;
}

/** A logical clock that goes with the requests; a client has none that means anything. */
export interface RequestClock {
  forward(): number;
  adjust(seen: unknown): number;
}

/**
 * Controls Celery workers from afar.
 *
 * @param parts.broker     connected and closed by the caller
 * @param parts.namespace  `control_exchange`; `celery` by default
 */
export function createControl(parts: {
  broker: Pick<Broker, "broadcast" | "openMailbox">;
  namespace?: string;
  clock?: RequestClock;
}): Control {
  const { broker, namespace = "celery", clock } = parts;
  const exchange = `${namespace}.pidbox`;
  const replyExchange = `reply.${namespace}.pidbox`;

  /** Answers how many listen. */
  async function publish(
    method: string,
    args: Readonly<Record<string, unknown>>,
    target: ControlTarget,
    reply: Record<string, unknown> = {},
  ): Promise<number> {
    const { destination, pattern, matcher = "glob" } = target;
    // To Celery's workers an empty list means all of them: nothing that a list of nobody can have been meant for.
    if (destination?.length === 0) return 0;
    const body = {
      method,
      arguments: args,
      destination: destination ?? null,
      pattern: pattern ?? null,
      matcher: pattern === undefined ? null : matcher,
      ...reply,
    };
    const headers = { clock: clock?.forward() ?? 1, expires: Date.now() / 1000 + timeoutOf(target) / 1000 };
    return await broker.broadcast(exchange, "", plainEnvelope({ exchange, routingKey: "", headers, body }));
  }

  async function broadcast<T>(
    method: string,
    args: Readonly<Record<string, unknown>> = {},
    target: ControlTarget = {},
  ): Promise<Replies<T>> {
    const replies: Replies<T> = Object.create(null);
    const [ticket, routingKey] = [randomUUID(), randomUUID()];
    const mailbox = await broker.openMailbox(replyExchange, routingKey);
    try {
      const end = performance.now() + timeoutOf(target);
      const replyTo = { ticket, reply_to: { exchange: replyExchange, routing_key: routingKey } };
      const listeners = await publish(method, args, target, replyTo);
      const enough = Math.min(target.limit ?? listeners, target.destination?.length ?? listeners, listeners);
      for (let replied = 0; replied < enough; ) {
        const raw = await mailbox.receive(Math.max(0, end - performance.now()));
        if (raw === undefined) break;
        const reply = readReply(raw, ticket);
        if (!reply) continue;
        Object.assign(replies, reply);
        replied++;
      }
      return replies;
    } finally {
      // What was replied is worth more than a tidy broker; the list goes by itself.
      await mailbox.close().catch(() => {});
    }
  }

  /** Undefined when it is none. */
  function readReply(raw: string, ticket: string): Record<string, unknown> | undefined {
    try {
      const { headers, body } = readPlainMessage(raw);
      clock?.adjust(headers.clock);
      return headers.ticket === ticket && isRecord(body) ? body : undefined;
    } catch (error) {
      // One worker that writes nonsense does not silence the others.
      if (error instanceof UndecodableMessage) return undefined;
      throw error;
    }
  }

  const outcome = (method: string, args: Record<string, unknown>, target?: ControlTarget) =>
    broadcast<Outcome>(method, args, target);

  async function cast(method: string, args: Readonly<Record<string, unknown>> = {}, target: ControlTarget = {}) {
    await publish(method, args, target);
  }

  return {
    inspect: createInspect(broadcast),
    ping: (target) => outcome("ping", {}, target),
    revoke: (taskIds, { terminate = false, signal = "SIGTERM" } = {}, target) =>
      outcome("revoke", { task_id: taskIds, terminate, signal }, target),
    terminate: (taskIds, signal = "SIGTERM", target) =>
      outcome("revoke", { task_id: taskIds, terminate: true, signal }, target),
    revokeByStampedHeaders: (headers, { terminate = false, signal = "SIGTERM" } = {}, target) =>
      outcome("revoke_by_stamped_headers", { headers, terminate, signal }, target),
    rateLimit: (taskName, limit, target) => outcome("rate_limit", { task_name: taskName, rate_limit: limit }, target),
    timeLimit: (taskName, { soft, hard }, target) =>
      outcome("time_limit", { task_name: taskName, soft: soft ?? null, hard: hard ?? null }, target),
    addConsumer: (queue, { exchange: from, exchangeType, routingKey } = {}, target) =>
      outcome(
        "add_consumer",
        { queue, exchange: from ?? null, exchange_type: exchangeType ?? "direct", routing_key: routingKey ?? null },
        target,
      ),
    cancelConsumer: (queue, target) => outcome("cancel_consumer", { queue }, target),
    poolGrow: (n = 1, target) => outcome("pool_grow", { n }, target),
    poolShrink: (n = 1, target) => outcome("pool_shrink", { n }, target),
    poolRestart: (target) => outcome("pool_restart", {}, target),
    autoscale: (max, min, target) => outcome("autoscale", { max, min }, target),
    enableEvents: (target) => outcome("enable_events", {}, target),
    disableEvents: (target) => outcome("disable_events", {}, target),
    heartbeat: (target) => cast("heartbeat", {}, target),
    election: (id, topic, action, target) => cast("election", { id, topic, action }, target),
    shutdown: (target) => cast("shutdown", {}, target),
    broadcast,
    cast,
  };
}

function timeoutOf({ timeout = 1_000 }: ControlTarget): number {
  return timeout;
}
