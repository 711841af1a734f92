/** What a method replies when nothing shall be sent. */
export const noReply = Symbol("no reply");

export function ok(text: string): { ok: string } {
  return { ok: text };
}

export function failed(text: string): { error: string } {
  return { error: text };
}

/** An error that is replied as Python's ValueError. */
export function valueError(text: string): Error {
  return Object.assign(new Error(text), { name: "ValueError" });
}
