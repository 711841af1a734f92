import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** A longer line is told in pieces: what never ends must not fill memory. */
const longestLine = 16_384;

/** Tells each line that a stream brings. */
export function onLines(stream: Readable, tell: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  stream.on("data", (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop()!;
    for (const line of lines) tell(tellPieces(line, tell));
    rest = tellPieces(rest, tell);
  });
  stream.once("close", () => {
    if (rest !== "") tell(rest);
  });
  // A pipe that breaks has ended: there is nothing more to be done about it.
  stream.on("error", () => {});
}

/** Answers what is left, short enough for one line. */
function tellPieces(text: string, tell: (piece: string) => void): string {
  let start = 0;
  for (; text.length - start > longestLine; start += longestLine) tell(text.slice(start, start + longestLine));
  return text.slice(start);
}
