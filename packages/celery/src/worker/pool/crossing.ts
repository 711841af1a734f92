import { parseInertJson } from "../../message/inert-json.ts";
import { deepestWritten } from "../../message/plain-data.ts";
import { writeJson } from "../../message/write-json.ts";

/**
 * A value on its way between two processes, as the text of its JSON: arguments come out as they were in the message, and a
 * result as it would be stored. Dates, buffers, integers of any size and Python's types stay what they are; functions are
 * left out.
 */
export type Crossing = string & { readonly crossing?: never };

/** @throws {UnencodableValue} for what has no form in JSON, and for what contains itself */
export function pack(value: unknown): Crossing {
  return writeJson(value);
}

/** @throws {UndecodableMessage} for an object that looks like one of kombu's typed values, and is none */
export function unpack(text: Crossing): unknown {
  return parseInertJson(text, ourOwnText);
}

/** Both ends are ours: what is too large was refused before it came here. */
const ourOwnText = { maxLength: Number.POSITIVE_INFINITY, maxDepth: deepestWritten + 1, maxAliases: 0 };
