import { isAscii, isUtf8 } from "node:buffer";
import { parseInertJson } from "./inert-json.ts";
import type { MessageLimits } from "./limits.ts";
import { readMsgpack } from "./read-msgpack.ts";
import { malformed, shown, UndecodableMessage } from "./undecodable-message.ts";
import { UnencodableValue } from "./unencodable-value.ts";
import { type WriteJsonOptions, writeJson } from "./write-json.ts";
import { writeMsgpack } from "./write-msgpack.ts";
import { readYaml, writeYaml } from "./yaml.ts";

export type SerializerName = "json" | "msgpack" | "yaml";

export interface Serializer {
  name: SerializerName;
  contentType: string;
  contentEncoding: "utf-8" | "binary";
  /** @throws {UndecodableMessage} */
  read(body: Buffer | string, limits: MessageLimits): unknown;
  /** @throws {UnencodableValue} */
  write(value: unknown, options: WriteJsonOptions): Buffer;
}

/** kombu's serializers (kombu 5.6 `serialization.py`) but pickle, which is never read: it runs what the sender likes. */
const serializers: readonly Serializer[] = [
  {
    name: "json",
    contentType: "application/json",
    contentEncoding: "utf-8",
    read: (body, limits) => parseInertJson(textOf(body), limits),
    write: (value, options) => Buffer.from(writeJson(value, options)),
  },
  {
    name: "msgpack",
    contentType: "application/x-msgpack",
    contentEncoding: "binary",
    read: (body, limits) => readMsgpack(typeof body === "string" ? Buffer.from(body, "latin1") : body, limits),
    write: (value) => writeMsgpack(value),
  },
  {
    name: "yaml",
    contentType: "application/x-yaml",
    contentEncoding: "utf-8",
    read: (body, limits) => readYaml(textOf(body), limits),
    write: (value) => Buffer.from(writeYaml(value)),
  },
];

const pickle = { name: "pickle", contentType: "application/x-python-serialize" };

export const defaultAccept: readonly string[] = ["json"];

/**
 * The serializer of a message, when it is among those accepted.
 *
 * @param accept  names or content types
 * @throws {UndecodableMessage} `pickle-refused`, `unsupported-content-type`, `content-not-accepted`
 */
export function acceptedSerializer(contentType: string, accept: readonly string[]): Serializer {
  if (contentType === pickle.contentType) {
    throw new UndecodableMessage("pickle-refused", "pickle is never read: it would run whatever its sender likes");
  }
  const serializer = serializers.find((known) => known.contentType === contentType);
  if (!serializer) {
    throw new UndecodableMessage("unsupported-content-type", `cannot read content-type ${shown(contentType)}`);
  }
  if (!accept.includes(serializer.name) && !accept.includes(contentType)) {
    throw new UndecodableMessage("content-not-accepted", `${serializer.name} is not among what is accepted`);
  }
  return serializer;
}

/** @param name  or content type. @throws {UnencodableValue} */
export function findSerializer(name: string): Serializer {
  const serializer = serializers.find((known) => known.name === name || known.contentType === name);
  if (!serializer) throw new UnencodableValue(`there is no serializer ${shown(name)}`);
  return serializer;
}

/**
 * What of a list for `accept_content` cannot be accepted, in a sentence; undefined when all can.
 *
 * @param accept  names or content types
 */
export function unacceptable(accept: readonly string[]): string | undefined {
  for (const name of accept) {
    if (name === pickle.name || name === pickle.contentType) return "pickle is never read, accepted or not";
    if (!serializers.some((known) => known.name === name || known.contentType === name)) {
      return `there is no serializer ${shown(name)}: json, msgpack and yaml can be accepted`;
    }
  }
  return undefined;
}

function textOf(body: Buffer | string): string {
  if (typeof body === "string") return body;
  // Python's JSON is ASCII, with escapes for the rest: the quickest way to a text.
  if (isAscii(body)) return body.toString("latin1");
  if (!isUtf8(body)) throw malformed("the body is not UTF-8");
  return body.toString("utf8");
}
