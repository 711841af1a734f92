/** Takes a document's parts as they come. Offsets are bytes from the document's beginning; the sink may throw. */
export interface JsonSink {
  /** A key of the document, in its quotes. */
  key(json: string, offset: number): void;
  /** The object that belongs to the last key. `members` counts its keys, repeated ones as often as they stand there. */
  object(json: string, offset: number, members: number): void;
  /** A list belongs to the last key: its elements follow. */
  list(offset: number): void;
  /** The next element of the list: an object. */
  element(json: string, offset: number, members: number): void;
  /** What is wrong with the document, or with the element that comes next. */
  invalid(offset: number, why: string, inElement: boolean): Error;
}

export interface JsonCutter {
  push(bytes: Uint8Array): void;
  /** Says that there is nothing more. */
  end(): void;
}

/**
 * Cuts a JSON document of the form `{"key": {...}, "key": [{...}, {...}, ...]}` into its objects as it comes, in pieces of
 * any size, and holds no more than one of them. Only where they begin and end is found here; reading them is left to
 * `JSON.parse`, to which each is handed whole.
 *
 * @param longest bytes of one object
 */
export function createJsonCutter(sink: JsonSink, longest = 64 * 1024): JsonCutter {
  let offset = 0;
  let state: State = "document";
  let part: Part | undefined;

  return {
    push(bytes) {
      for (let at = 0; at < bytes.length; ) {
        if (part !== undefined) at = goOn(part, bytes, at);
        else {
          const byte = bytes[at] as number;
          if (!isBlank(byte)) step(byte, offset + at);
          // A part begins with this very byte.
          if (part === undefined) at += 1;
        }
      }
      offset += bytes.length;
    },

    end() {
      if (state === "end") return;
      throw sink.invalid(offset, offset === 0 ? "it is empty" : "it ends in the middle", false);
    },
  };

  function step(byte: number, at: number): void {
    const next = table[state][byte];
    if (next === undefined) throw sink.invalid(at, `${expected[state]} is expected here`, false);
    if (next === "list") sink.list(at);
    if (next === "in-key" || next === "in-object" || next === "in-element") {
      part = { kind: next, offset: at, held: [], heldBytes: 0, depth: 0, text: false, escaped: false, members: 0 };
    } else {
      state = next;
    }
  }

  /** @returns where in `bytes` the part ends, or their end */
  function goOn(current: Part, bytes: Uint8Array, from: number): number {
    let { depth, text, escaped, members } = current;
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at];
      if (text) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) text = false;
        else continue;
        if (text || depth > 0) continue;
      } else if (byte === quote) {
        text = true;
        continue;
      } else if (byte === openBrace || byte === openBracket) {
        depth += 1;
        continue;
      } else if (byte === closeBrace || byte === closeBracket) {
        depth -= 1;
        if (depth > 0) continue;
      } else {
        if (byte === colon && depth === 1) members += 1;
        continue;
      }
      finish(current, bytes.subarray(from, at + 1), members);
      return at + 1;
    }
    hold(current, bytes.subarray(from));
    Object.assign(current, { depth, text, escaped, members });
    return bytes.length;
  }

  function hold(current: Part, bytes: Uint8Array): void {
    current.held.push(Buffer.from(bytes));
    current.heldBytes += bytes.length;
    if (current.heldBytes > longest) throw tooLong(current);
  }

  function finish({ held, ...current }: Part, rest: Uint8Array, members: number): void {
    const bytes = held.length === 0 ? rest : Buffer.concat([...held, rest]);
    if (bytes.length > longest) throw tooLong(current);
    part = undefined;
    state = after[current.kind];
    const json = decode(bytes, current);
    if (current.kind === "in-key") sink.key(json, current.offset);
    else if (current.kind === "in-object") sink.object(json, current.offset, members);
    else sink.element(json, current.offset, members);
  }

  function tooLong({ offset: start, kind }: Pick<Part, "offset" | "kind">): Error {
    return sink.invalid(start, `it is longer than ${longest} bytes`, kind === "in-element");
  }

  function decode(bytes: Uint8Array, { offset: start, kind }: Pick<Part, "offset" | "kind">): string {
    try {
      return strictUtf8.decode(bytes);
    } catch {
      throw sink.invalid(start, "it is not valid UTF-8", kind === "in-element");
    }
  }
}

/** A key or an object, from its first byte on. */
interface Part {
  kind: "in-key" | "in-object" | "in-element";
  offset: number;
  /** What earlier pieces had of it; copied. */
  held: Buffer[];
  heldBytes: number;
  /** Braces and brackets that are open. */
  depth: number;
  /** Between quotes. */
  text: boolean;
  escaped: boolean;
  members: number;
}

type State =
  | "document"
  | "first-key"
  | "key"
  | "colon"
  | "value"
  | "after-value"
  | "list"
  | "element"
  | "after-element"
  | "end";

const [quote, colon, comma, backslash] = [0x22, 0x3a, 0x2c, 0x5c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/** What may come next, and where it leads. */
const table: Readonly<Record<State, Readonly<Record<number, State | Part["kind"]>>>> = {
  document: { [openBrace]: "first-key" },
  "first-key": { [quote]: "in-key", [closeBrace]: "end" },
  key: { [quote]: "in-key" },
  colon: { [colon]: "value" },
  value: { [openBrace]: "in-object", [openBracket]: "list" },
  "after-value": { [comma]: "key", [closeBrace]: "end" },
  list: { [openBrace]: "in-element", [closeBracket]: "after-value" },
  element: { [openBrace]: "in-element" },
  "after-element": { [comma]: "element", [closeBracket]: "after-value" },
  end: {},
};

const after: Readonly<Record<Part["kind"], State>> = {
  "in-key": "colon",
  "in-object": "after-value",
  "in-element": "after-element",
};

const expected: Readonly<Record<State, string>> = {
  document: "an object in braces",
  "first-key": "a key in quotes or a closing brace",
  key: "a key in quotes",
  colon: "a colon",
  value: "an object or a list",
  "after-value": "a comma or a closing brace",
  list: "an object or a closing bracket",
  element: "an object",
  "after-element": "a comma or a closing bracket",
  end: "nothing more",
};

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });
