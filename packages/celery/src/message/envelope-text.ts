import type { Envelope } from "./envelope.ts";
import { isRecord, parseInertJson } from "./inert-json.ts";
import { defaultLimits, type MessageLimits } from "./limits.ts";
import { malformed } from "./undecodable-message.ts";
import { writeJson } from "./write-json.ts";

/**
 * Reads the JSON object that lies in a queue. Everything that others added is kept.
 *
 * @throws {UndecodableMessage}
 */
export function readEnvelope(raw: string, limits: MessageLimits = defaultLimits): Envelope {
  return checkEnvelope(parseInertJson(raw, limits));
}

/** Writes an envelope as it goes into a queue. */
export function writeEnvelope(envelope: Envelope): string {
  return writeJson(envelope);
}

/**
 * Asserts the types that {@link Envelope} promises. A content-encoding that is missing is filled in: kombu does without.
 *
 * @throws {UndecodableMessage} `malformed`
 */
export function checkEnvelope(value: unknown): Envelope {
  const envelope = record(value, "the message");
  envelope["content-encoding"] ??= "utf-8";
  text(envelope.body, "body");
  text(envelope["content-type"], "content-type");
  text(envelope["content-encoding"], "content-encoding");
  record(envelope.headers, "headers");
  const properties = record(envelope.properties, "properties");
  text(properties.delivery_tag, "properties.delivery_tag");
  record(properties.delivery_info, "properties.delivery_info");
  return value as Envelope;
}

/** Whether it was given back before: Celery sets both flags, some peers only one. */
export function isRedelivered(envelope: Envelope): boolean {
  return envelope.headers.redelivered === true || envelope.properties.delivery_info.redelivered === true;
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (!isRecord(value)) throw malformed(`${name} is not an object`);
  return value;
}

function text(value: unknown, name: string): void {
  if (typeof value !== "string") throw malformed(`${name} is not a text`);
}
