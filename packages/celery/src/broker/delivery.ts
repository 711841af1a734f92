import type { Envelope } from "../message/envelope.ts";
import { isRedelivered, readEnvelope } from "../message/envelope-text.ts";
import type { MessageLimits } from "../message/inert-json.ts";
import { UndecodableMessage } from "../message/undecodable-message.ts";
import type { Delivery } from "./broker.ts";

/** A popped text as a delivery; without an envelope when it is none, or one beyond the limits. */
export function readDelivery(tag: string, queue: string, raw: string, limits: MessageLimits): Delivery {
  const envelope = tryRead(raw, limits);
  return { tag, queue, raw, envelope, redelivered: envelope !== undefined && isRedelivered(envelope) };
}

function tryRead(raw: string, limits: MessageLimits): Envelope | undefined {
  try {
    return readEnvelope(raw, limits);
  } catch (error) {
    if (error instanceof UndecodableMessage) return undefined;
    throw error;
  }
}
