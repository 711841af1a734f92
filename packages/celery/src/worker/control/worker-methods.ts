import type { QueueDeclaration } from "../../broker/broker.ts";
import type { ControlArguments } from "./control-arguments.ts";
import type { ControlContext, ControlMethod } from "./method.ts";
import { noReply, ok, valueError } from "./reply.ts";

/** Methods that change the worker itself. */
export const workerMethods: readonly ControlMethod[] = [
  {
    name: "enable_events",
    access: "full",
    run: ({ events }) => ok(`task events ${events.switchTaskEvents(true) ? "enabled" : "already enabled"}`),
  },
  {
    name: "disable_events",
    access: "full",
    run: ({ events }) => ok(`task events ${events.switchTaskEvents(false) ? "disabled" : "already disabled"}`),
  },
  {
    name: "election",
    access: "full",
    run({ gossip }, args) {
      gossip?.election(args.text("id"), args.text("topic"), args.value("action"));
    },
  },
  {
    name: "pool_grow",
    access: "full",
    run(context, args) {
      resize(context, args.number("n") ?? 1);
      return ok("pool will grow");
    },
  },
  {
    name: "pool_shrink",
    access: "full",
    run(context, args) {
      resize(context, -(args.number("n") ?? 1));
      return ok("pool will shrink");
    },
  },
  {
    name: "pool_restart",
    access: "full",
    run() {
      throw valueError("Pool restarts not enabled");
    },
  },
  {
    name: "autoscale",
    access: "full",
    run() {
      throw valueError("Autoscale not enabled");
    },
  },
  {
    name: "add_consumer",
    access: "full",
    async run({ inside, log }, args) {
      const queue = declaration(args);
      await inside.addConsumer(queue);
      log.info({ queue }, "remote control has added a queue");
      return ok(`add consumer ${queue.name}`);
    },
  },
  {
    name: "cancel_consumer",
    access: "full",
    async run({ inside, log }, args) {
      const queue = args.text("queue");
      const consumed = await inside.cancelConsumer(queue);
      if (consumed) log.warn({ queue }, "remote control has cancelled a queue: it is not consumed any more");
      return ok(`no longer consuming from ${queue}`);
    },
  },
  {
    name: "shutdown",
    access: "full",
    run({ inside, log }) {
      log.warn("remote control asks for a shutdown");
      inside.shutdown();
      // As Python, which is on its way out before it could reply.
      return noReply;
    },
  },
];

/** A pool far beyond any machine would only take its memory. */
const largestPool = 1_000;

function resize({ inside, log }: ControlContext, by: number): void {
  const from = inside.pool().concurrency;
  const to = from + by;
  if (!Number.isInteger(by)) throw valueError("n is not a whole number");
  if (to < 1) throw valueError("Can't shrink pool. All processes busy!");
  if (to > largestPool) throw valueError(`a pool has at most ${largestPool} slots`);
  inside.resizePool(to);
  log.info({ from, to }, "remote control has resized the pool");
}

function declaration(args: ControlArguments): QueueDeclaration {
  const name = args.text("queue");
  const exchangeType = args.optionalText("exchange_type") ?? "direct";
  if (exchangeType !== "direct" && exchangeType !== "topic" && exchangeType !== "fanout") {
    throw valueError(`exchanges of type ${exchangeType.slice(0, 100)} are not known on this broker`);
  }
  return {
    name,
    exchange: args.optionalText("exchange") ?? name,
    exchangeType,
    routingKey: args.optionalText("routing_key") ?? name,
  };
}
