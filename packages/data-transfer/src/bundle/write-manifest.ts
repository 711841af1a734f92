import type { FileManifest, ListedFile } from "./manifest-file.ts";

/** One file's line of a manifest, without what separates it from the next. */
export function manifestLine({ path, size, checksums }: ListedFile): string {
  return JSON.stringify({ path, size, ...digests(checksums) });
}

/**
 * The text of a manifest, piece by piece: one file a line, so that two of them can be compared line by line.
 *
 * @param lines as {@link manifestLine} makes them, in the order that the manifest is to have
 */
export async function* manifestText(
  described: FileManifest["package"],
  lines: AsyncIterable<string>,
): AsyncGenerator<string> {
  let text = `{"package":${JSON.stringify({ size: described.size, ...digests(described.checksums) })},"files":[`;
  let separator = "\n";
  for await (const line of lines) {
    text += separator + line;
    separator = ",\n";
    if (text.length < pieceLength) continue;
    yield text;
    text = "";
  }
  yield `${text}\n]}\n`;
}

const pieceLength = 64 * 1024;

function digests(checksums: ListedFile["checksums"]): Record<string, string> {
  return Object.fromEntries(checksums.map(({ algorithm, digest }) => [algorithm, digest]));
}
