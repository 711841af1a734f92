import { HttpFailure } from "./http-failure.ts";

/** The status line and the header fields of an answer. */
export interface ResponseHead {
  status: number;
  /** By lower-case name; a field that came several times is joined with commas. */
  headers: ReadonlyMap<string, string>;
  /** How the end of the body is known. */
  body: { length: number } | "chunked" | "until-close";
  /** Whether the connection can carry another exchange after this one. */
  keepAlive: boolean;
}

/** Bytes of a head at most. */
export const mostHeadBytes = 64 * 1024;

/**
 * Reads the head of an answer. Strict: whatever two programs might understand in two ways is refused, so that the end of
 * one answer cannot be taken for the beginning of another.
 *
 * @param text  everything before the empty line, as latin1
 * @param bodyless  the answer is one to a HEAD: whatever it announces, no body comes
 * @throws HttpFailure
 */
export function parseResponseHead(text: string, bodyless: boolean): ResponseHead {
  const lines = text.split("\r\n");
  const first = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/.exec(lines[0] as string);
  if (first === null) throw new HttpFailure("protocol", "the answer is not HTTP/1.1");
  const status = Number(first[2]);
  const headers = parseFields(lines.slice(1));
  const bodies = bodyOf(headers, bodyless || status < 200 || status === 204 || status === 304);
  const tokens = (headers.get("connection") ?? "").toLowerCase().split(/[ \t]*,[ \t]*/);
  const keepAlive = first[1] === "1" && bodies !== "until-close" && !tokens.includes("close");
  return { status, headers, body: bodies, keepAlive };
}

function parseFields(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const field = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line);
    if (field === null) throw new HttpFailure("protocol", "a line of the answer's head is not a header field");
    const name = (field[1] as string).toLowerCase();
    const value = field[2] as string;
    const before = headers.get(name);
    if (before !== undefined && once.has(name) && before !== value) {
      throw new HttpFailure("protocol", `the answer has two different ${name}`);
    }
    headers.set(name, before === undefined || once.has(name) ? value : `${before}, ${value}`);
  }
  return headers;
}

/** Fields that decide what the answer is: two different ones are a contradiction. */
const once: ReadonlySet<string> = new Set(["content-length", "content-range", "etag", "last-modified", "location"]);

function bodyOf(headers: ReadonlyMap<string, string>, bodyless: boolean): ResponseHead["body"] {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined && length !== undefined) {
    throw new HttpFailure("protocol", "the answer has a length and is sent in chunks, too");
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    throw new HttpFailure("protocol", "the answer's length is not a number");
  }
  if (bodyless) return { length: 0 };
  if (length !== undefined) return { length: Number(length) };
  if (coding === undefined) return "until-close";
  if (coding.toLowerCase() !== "chunked") throw new HttpFailure("protocol", "the answer's transfer coding is unknown");
  return "chunked";
}
