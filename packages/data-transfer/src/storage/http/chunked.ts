import { HttpFailure } from "./http-failure.ts";

/** Bytes of a chunk's first line, or of a trailer, at most. */
const mostLineBytes = 4096;

/**
 * The bytes of a body that is sent in chunks.
 *
 * @param peek  unread bytes, waited for
 * @param take  so many of them are done with
 * @throws HttpFailure, and what `peek` throws
 */
export async function* readChunked(
  peek: () => Promise<Buffer>,
  take: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for (;;) {
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(await line())?.[1];
    if (size === undefined) throw new HttpFailure("protocol", "a chunk of the answer does not begin with its size");
    let left = Number.parseInt(size, 16);
    if (left === 0) break;
    while (left > 0) {
      const bytes = (await peek()).subarray(0, left);
      left -= bytes.length;
      yield bytes;
      take(bytes.length);
    }
    if ((await line()) !== "") throw new HttpFailure("protocol", "a chunk of the answer is longer than its size");
  }
  // Trailers are of no use here.
  for (let lines = 0; (await line()) !== ""; lines++) {
    if (lines >= 100) throw new HttpFailure("protocol", "the answer's trailer has no end");
  }

  async function line(): Promise<string> {
    let text = "";
    for (;;) {
      const bytes = await peek();
      const before = text.length;
      text += bytes.toString("latin1", 0, Math.min(bytes.length, mostLineBytes));
      const end = text.indexOf("\r\n", Math.max(0, before - 1));
      if (end >= 0) {
        take(end + 2 - before);
        return text.slice(0, end);
      }
      if (text.length >= mostLineBytes) throw new HttpFailure("protocol", "a line of the answer has no end");
      take(bytes.length);
    }
  }
}
