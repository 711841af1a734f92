import { dirname } from "node:path";
import { createLineFile, type LineFile } from "./line-file.ts";

/** One file with the digest that its bytes have. */
export interface FileSum {
  path: string;
  size: number;
  digest: string;
}

/**
 * A line of a list of checksums, in the form that `xxhsum -c` or `sha256sum -c` takes: `digest  path`.
 *
 * GNU's rule, which both tools read: a backslash before the line says that `\\`, `\n` and `\r` in the name are escaped.
 *
 * @param prefix put before the path, with a slash: the directory's name when the list lies beside it
 */
export function sumLine({ path, digest }: Pick<FileSum, "path" | "digest">, prefix = ""): string {
  const name = prefix === "" ? path : `${prefix}/${path}`;
  if (!/[\\\n\r]/.test(name)) return `${digest}  ${name}`;
  const escaped = name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return `\\${digest}  ${escaped}`;
}

/**
 * Begins a list of checksums that appears at `path` in one step once it is published, and replaces what was there.
 *
 * @param draft where it lies until then, on the same file system
 */
export function createSumFile(draft: string, prefix = ""): Omit<LineFile, "add"> & { add(sum: FileSum): void } {
  const { room, publish, discard, add } = createLineFile(draft);
  return { add: (sum) => add(sumLine(sum, prefix)), room, publish, discard };
}

/** The same for a list that is at hand. @throws NoSpace, DestinationNotWritable, StorageFailed */
export async function writeSumFile(path: string, sums: Iterable<FileSum>, prefix = ""): Promise<void> {
  const file = createSumFile(`${dirname(path)}/.${process.pid}-${Math.random().toString(36).slice(2)}.sums`, prefix);
  for (const sum of sums) file.add(sum);
  await file.publish(path);
}
