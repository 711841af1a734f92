import type { Envelope } from "../../src/message/envelope.ts";
import { writeEnvelope } from "../../src/message/envelope-text.ts";

/** By which a message is known wherever it lies: it stands in its task id, and in a malformed message's text. */
export type MessageName = string;

export function messageName(number: number): MessageName {
  return `msg${number}x`;
}

const names = new Map<string, MessageName>();

/** The name in a text of a queue, of `unacked` or of the dead letters. */
export function nameIn(text: string): MessageName {
  const known = names.get(text);
  if (known !== undefined) return known;
  const found = /msg\d+x/.exec(text)?.[0];
  if (found === undefined) throw new Error(`a text without a name: ${text}`);
  names.set(text, found);
  return found;
}

export function forgetNames(): void {
  names.clear();
}

export function anEnvelope(name: MessageName, queue: string, priority: number): Envelope {
  return {
    body: Buffer.from(JSON.stringify([[], {}, { callbacks: null, errbacks: null, chain: null, chord: null }])).toString(
      "base64",
    ),
    "content-encoding": "utf-8",
    "content-type": "application/json",
    headers: {
      lang: "py",
      task: "simulated",
      id: name,
      retries: 0,
      eta: null,
      expires: null,
      argsrepr: "()",
      kwargsrepr: "{}",
    },
    properties: {
      correlation_id: name,
      delivery_mode: 2,
      delivery_info: { exchange: "", routing_key: queue },
      priority,
      body_encoding: "base64",
      delivery_tag: `tag-of-${name}`,
    },
  };
}

/** How our client writes a message, how Python does, and what is no message. */
export function asText(envelope: Envelope, by: "ours" | "python" | "nobody"): string {
  if (by === "ours") return writeEnvelope(envelope);
  if (by === "python") return pythonJson(envelope);
  return `no message, but \x01"${envelope.headers.id}`;
}

/** JSON as Python's `json.dumps` spaces it. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}: ${pythonJson(member)}`)
    .join(", ")}}`;
}
