import { constants } from "node:fs";
import type { SmallFileJob, SmallFileReport } from "../../../src/bundle/small-file-crew.ts";
import { open, unlink } from "./fs-promises.ts";

// In place of src/bundle/small-file-crew.ts: what its threads do, call by call, on the simulated disk.

export function startCrew(): void {}

export async function writeSmallFiles({
  memory,
  files,
  mode,
  anew,
  sync,
}: SmallFileJob): Promise<SmallFileReport["failures"]> {
  const failures: SmallFileReport["failures"] = [];
  const bytes = Buffer.from(memory.buffer);
  for (const [index, { path, start, length }] of files.entries()) {
    try {
      const file = await create(path, mode, anew);
      try {
        await file.write(bytes, start, length, 0);
        if (sync) await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      const { code, errno, syscall, message } = error as NodeJS.ErrnoException;
      failures.push({ index, code, errno, syscall, message });
    }
  }
  return failures;
}

async function create(path: string, mode: number, anew: boolean) {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    return await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  } catch (error) {
    if (!anew || (error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await unlink(path);
    return await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  }
}
