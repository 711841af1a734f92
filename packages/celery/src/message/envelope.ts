/**
 * The JSON object that kombu keeps in a Redis list, field for field. Source: kombu 5.6 `transport/virtual` and
 * `transport/redis`; the shapes were seen on the wire.
 */
export interface Envelope {
  /** base64 of the serialized body, when `properties.body_encoding` says so. */
  body: string;
  "content-type": string;
  "content-encoding": string;
  headers: Record<string, unknown>;
  properties: EnvelopeProperties;
}

export interface EnvelopeProperties {
  correlation_id?: string;
  reply_to?: string;
  delivery_mode?: number;
  delivery_info: { exchange: string; routing_key: string; redelivered?: boolean };
  priority?: number;
  body_encoding?: string;
  /** Fresh uuid on every publish: the key of the entry in `unacked`. */
  delivery_tag: string;
  /** Our mark on an entry in `unacked`: which holder popped it. Python ignores it. */
  cdt_holder?: string;
  [unknown: string]: unknown;
}
