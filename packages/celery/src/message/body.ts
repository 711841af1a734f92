import { deflate, inflate } from "./compression.ts";
import type { Envelope } from "./envelope.ts";
import type { MessageLimits } from "./limits.ts";
import { acceptedSerializer, findSerializer, type SerializerName } from "./serializers.ts";
import { malformed, shown, UndecodableMessage } from "./undecodable-message.ts";
import type { WriteJsonOptions } from "./write-json.ts";

/** How a body is written. */
export interface BodyOptions extends WriteJsonOptions {
  /** `json` by default. A content type is understood, too. */
  serializer?: SerializerName | (string & {});
  /** None by default. zlib, zstd and brotli are written; or a content type. */
  compression?: string;
}

/**
 * The value in a message's body: out of base64, inflated, read by its serializer. What `content-encoding` says is of no
 * account, as in kombu: each serializer knows its own.
 *
 * @throws {UndecodableMessage}
 */
export function decodeBody(envelope: Envelope, limits: MessageLimits, accept: readonly string[]): unknown {
  const serializer = acceptedSerializer(envelope["content-type"], accept);
  const { compression } = envelope.headers;
  const body = rawBody(envelope, limits);
  if (compression === undefined || compression === null) return serializer.read(body, limits);
  const bytes = typeof body === "string" ? Buffer.from(body, "latin1") : body;
  return serializer.read(inflate(bytes, compression, limits.maxLength), limits);
}

/** A body, and the parts of the envelope that say how to read it. */
export function encodeBody(
  value: unknown,
  { serializer = "json", compression, plainValues }: BodyOptions = {},
): Pick<Envelope, "body" | "content-type" | "content-encoding"> & { headers: { compression?: string } } {
  const { contentType, contentEncoding, write } = findSerializer(serializer);
  const written = write(value, plainValues === undefined ? {} : { plainValues });
  const packed = compression === undefined ? undefined : deflate(written, compression);
  return {
    body: (packed?.bytes ?? written).toString("base64"),
    "content-type": contentType,
    "content-encoding": contentEncoding,
    headers: packed ? { compression: packed.contentType } : {},
  };
}

function rawBody({ body, properties }: Envelope, { maxLength }: MessageLimits): Buffer | string {
  const encoding = properties.body_encoding ?? null;
  if (encoding === null) return body;
  if (encoding !== "base64") {
    throw new UndecodableMessage("unsupported-encoding", `cannot read encoding ${shown(encoding)}`);
  }
  // Each 4 characters hold 3 bytes: whatever is beyond the limit is known to be before any of it is decoded.
  if (body.length > (maxLength / 3) * 4 + 4) {
    throw new UndecodableMessage("too-large", `the body is larger than ${maxLength} bytes`);
  }
  if (!base64.test(body)) throw malformed("the body is not base64");
  return Buffer.from(body, "base64");
}

const base64 = /^[A-Za-z0-9+/]*={0,2}\s*$/;
