import { isRecord } from "../../message/inert-json.ts";
import { readPlainMessage, recordBody } from "../../message/plain-envelope.ts";

/** A request of remote control, read and checked. */
export interface ControlRequest {
  method: string;
  arguments: Record<string, unknown>;
  /** Node names that it is for; undefined when it is for everybody that the pattern fits. */
  destination: readonly unknown[] | undefined;
  pattern: { text: string; matcher: string } | undefined;
  replyTo: { exchange: string; routingKey: string; ticket: unknown } | undefined;
  /** Logical clock of the sender. */
  clock: unknown;
  /** Unix time in seconds after which the sender does not listen any more; 0: none. */
  expires: number;
}

/**
 * Reads a request as kombu publishes it (kombu 5.6 `pidbox.py`).
 *
 * @throws {UndecodableMessage}
 */
export function readControlRequest(raw: string): ControlRequest {
  const { headers, body } = readPlainMessage(raw);
  const { method, arguments: given, destination, pattern, matcher, reply_to: replyTo, ticket } = recordBody(body);
  return {
    method: String(method).slice(0, 100),
    arguments: isRecord(given) ? given : {},
    destination: readDestination(destination),
    pattern: pattern && matcher ? { text: String(pattern), matcher: String(matcher) } : undefined,
    replyTo: readReplyTo(replyTo, ticket),
    clock: headers.clock,
    expires: typeof headers.expires === "number" ? headers.expires : 0,
  };
}

/** A name or a list of them; as in Python, none and an empty list mean everybody. */
function readDestination(destination: unknown): unknown[] | undefined {
  const names = [destination || []].flat();
  return names.length > 0 ? names : undefined;
}

function readReplyTo(replyTo: unknown, ticket: unknown): ControlRequest["replyTo"] {
  if (!isRecord(replyTo)) return undefined;
  const { exchange, routing_key: routingKey } = replyTo;
  if (typeof exchange !== "string" || typeof routingKey !== "string") return undefined;
  return { exchange, routingKey, ticket: ticket ?? null };
}
