import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { batchHeadSize, decodeBatch, journalName } from "../../../packages/data-transfer/src/bundle/journal-format.ts";

/** How many files the only attempt that is under way below a folder has noted as durable, for whoever comes after it. */
export async function notedFiles(folder: string): Promise<number> {
  const [attempt] = (await readdir(folder)).filter((name) => /^\.staging-\d+-\d+$/.test(name));
  if (attempt === undefined) return 0;
  const journal = await readFile(join(folder, attempt, journalName));
  const paths = new Set<string>();
  for (let at = journal.indexOf("\n") + 1; at + batchHeadSize < journal.length; ) {
    const body = at + batchHeadSize;
    const end = body + journal.readUInt32LE(at);
    // The last one may be on its way.
    if (end > journal.length) break;
    for (const { data } of decodeBatch(journal.subarray(body, end))) if (data) paths.add(data.path);
    at = end;
  }
  return paths.size;
}
