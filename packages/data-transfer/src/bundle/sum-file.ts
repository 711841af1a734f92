import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncDirectory } from "./sync.ts";
import { translateWriteError } from "./translate-write-error.ts";

/** One file with the digest that its bytes have, read while they were written. */
export interface FileSum {
  path: string;
  size: number;
  digest: string;
}

/**
 * Writes a list of checksums in the form that `xxhsum -c` or `sha256sum -c` takes: `digest  path`, one a line. It appears
 * at `path` in one step, durable, and replaces what was there.
 *
 * @param prefix put before each path, with a slash: the directory's name when the list lies beside it
 * @throws NoSpace, DestinationNotWritable, StorageFailed
 */
export async function writeSumFile(path: string, sums: Iterable<FileSum>, prefix = ""): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.${Math.random().toString(36).slice(2)}`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    const file = await open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o640);
    try {
      for (const lines of pieces(sums, prefix)) await file.appendFile(lines);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(draft, { force: true });
    throw translateWriteError(error, path, "write");
  }
}

function* pieces(sums: Iterable<FileSum>, prefix: string): Generator<string> {
  let lines = "";
  for (const { path, digest } of sums) {
    lines += sumLine(digest, prefix === "" ? path : `${prefix}/${path}`);
    if (lines.length > 256 * 1024) {
      yield lines;
      lines = "";
    }
  }
  yield lines;
}

/** GNU's rule, which both tools read: a backslash before the line says that `\\`, `\n` and `\r` in the name are escaped. */
function sumLine(digest: string, path: string): string {
  if (!/[\\\n\r]/.test(path)) return `${digest}  ${path}\n`;
  const escaped = path.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return `\\${digest}  ${escaped}\n`;
}
