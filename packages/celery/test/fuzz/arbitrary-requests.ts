import fc from "fast-check";
import { writeEnvelope } from "../../src/message/envelope-text.ts";
import { plainEnvelope } from "../../src/message/plain-envelope.ts";
import { methodsByName } from "../../src/worker/control/methods.ts";
import { damagedTexts } from "../message/arbitrary-messages.ts";
import type { Shout } from "./ammunition.ts";
import { keyNames } from "./arbitrary-embeds.ts";

/** Ends the worker, which is what it is for. */
const deadly: ReadonlySet<string> = new Set(["shutdown"]);

/**
 * Requests of remote control with any arguments, events of other workers with anything in their fields, and any text in
 * their place. None names a task of ours, or its queue: what such a request does to them is right.
 */
export function shouts(): fc.Arbitrary<Shout> {
  const anyJson = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;
  const mostly = (usual: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: anyJson });
  const methods = fc.constantFrom(...[...methodsByName.keys()].filter((name) => !deadly.has(name)), "nobody_knows");
  const texts = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom("x", "5/s", "TERM", "9", ...keyNames));
  const names = [
    ...["task_id", "ids", "task_name", "rate_limit", "soft", "hard", "n", "max", "min", "queue", "exchange", "signal"],
    ...["exchange_type", "routing_key", "terminate", "headers", "from_node", "revoked", "id", "topic", "action"],
    ...["taskinfoitems", "builtins", "safe", "with_defaults", "modules", "reload", "num", "max_depth"],
  ];
  const values = fc.oneof(texts, fc.array(texts, { maxLength: 3 }), fc.nat(5), fc.boolean(), anyJson);
  const some = fc.record(Object.fromEntries(names.map((name) => [name, values])), { requiredKeys: [] });
  const replyTo = fc.record({
    exchange: mostly(fc.constantFrom("reply.celery.pidbox", "fuzzed")),
    routing_key: mostly(texts),
  });
  const body = fc.record(
    {
      ...{ method: mostly(methods), arguments: mostly(some), reply_to: mostly(replyTo), ticket: mostly(fc.uuid()) },
      ...{ destination: mostly(fc.constant(null)), pattern: mostly(fc.constantFrom("*", "fuzzed*", "(a+)+$")) },
      matcher: mostly(fc.constantFrom("glob", "pcre")),
    },
    { requiredKeys: ["method", "arguments"] },
  );
  const headers = fc.record({ clock: mostly(fc.nat()), expires: mostly(fc.constantFrom(0, 1, 1e10)) });
  const requests = fc
    .record({ body, headers })
    .map((request) => written("celery.pidbox", "", request.body, request.headers));

  const types = [...["online", "heartbeat", "offline", "elect", "elect-ack"].map((type) => `worker-${type}`), "x"];
  const event = fc.record(
    {
      ...{ type: mostly(fc.constantFrom(...types)), hostname: mostly(fc.constantFrom("a@b", "c@d")) },
      ...{ clock: mostly(fc.nat()), pid: mostly(fc.nat()), freq: mostly(fc.nat(5)), timestamp: anyJson },
      ...{ id: mostly(fc.constantFrom("x", "y")), topic: mostly(fc.constant("task")), action: anyJson },
    },
    { requiredKeys: ["type"] },
  );
  const events = event.map((said) => written("celeryev", String(said.type).replace("-", "."), said, {}));

  const told = fc.oneof(requests, requests, events);
  const noise = fc.oneof(
    damagedTexts(told.map(({ text }) => text)),
    fc.json(),
    fc.string({ unit: "binary", maxLength: 100 }),
  );
  const noisy = fc
    .tuple(fc.constantFrom<[Shout["exchange"], string]>(["celery.pidbox", ""], ["celeryev", "worker.heartbeat"]), noise)
    .map(([[exchange, routingKey], text]): Shout => ({ exchange, routingKey, text }));
  return fc.oneof({ weight: 4, arbitrary: told }, { weight: 1, arbitrary: noisy });
}

function written(
  exchange: Shout["exchange"],
  routingKey: string,
  body: unknown,
  headers: Record<string, unknown>,
): Shout {
  return { exchange, routingKey, text: writeEnvelope(plainEnvelope({ exchange, routingKey, headers, body })) };
}
