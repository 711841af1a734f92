import { randomUUID } from "node:crypto";
import { decodeBody, encodeBody } from "./body.ts";
import type { Envelope } from "./envelope.ts";
import { readEnvelope } from "./envelope-text.ts";
import { isRecord } from "./inert-json.ts";
import { defaultLimits, type MessageLimits } from "./limits.ts";
import { malformed } from "./undecodable-message.ts";

/** A message that is no task: a request of remote control, an answer to one, an event. Its body is any JSON. */
export interface PlainMessage {
  exchange: string;
  routingKey: string;
  headers: Record<string, unknown>;
  body: unknown;
}

/** Puts a message into the envelope that kombu writes for it: base64 of JSON, delivery mode 1 (transient). */
export function plainEnvelope({ exchange, routingKey, headers, body }: PlainMessage): Envelope {
  return {
    ...encodeBody(body),
    headers,
    properties: {
      delivery_mode: 1,
      delivery_info: { exchange, routing_key: routingKey },
      priority: 0,
      body_encoding: "base64",
      delivery_tag: randomUUID(),
    },
  };
}

/**
 * Reads what {@link plainEnvelope} and kombu write. As in kombu's mailboxes, nothing but JSON is taken.
 *
 * @throws {UndecodableMessage}
 */
export function readPlainMessage(
  raw: string,
  limits: MessageLimits = defaultLimits,
): { headers: Record<string, unknown>; body: unknown } {
  const envelope = readEnvelope(raw, limits);
  return { headers: envelope.headers, body: decodeBody(envelope, limits, ["json"]) };
}

/** A body that must be an object. @throws {UndecodableMessage} `malformed` */
export function recordBody(body: unknown): Record<string, unknown> {
  if (!isRecord(body)) throw malformed("the body is not an object");
  return body;
}
