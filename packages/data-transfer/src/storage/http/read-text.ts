import type { HttpAnswer } from "./connection.ts";

/** The beginning of an answer's body, as text: for what a server says of an error. Never throws. */
export async function readText(answer: HttpAnswer, most = 16 * 1024): Promise<string> {
  let text = "";
  try {
    for await (const chunk of answer.body()) {
      text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
      if (text.length >= most) break;
    }
  } catch {
    // What came before it broke has to do.
  }
  return Buffer.from(text.slice(0, most), "latin1").toString("utf8");
}
