import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory } from "./sync.ts";
import { translateWriteError } from "./translate-write-error.ts";

/** A text that is being written line by line, and appears as a whole. */
export interface LineFile {
  add(line: string): void;
  /** A promise where more waits to be written than memory should hold. */
  room(): Promise<void> | undefined;
  /** Lets it appear at `path` in one step, durable; it replaces what was there. @throws NoSpace, DestinationNotWritable, StorageFailed */
  publish(path: string): Promise<void>;
  /** Removes it, if it was not published. Never throws. */
  discard(): Promise<void>;
}

const pieceSize = 128 * 1024;

/** @param draft where it lies until it is published, on the same file system; what is there is replaced */
export function createLineFile(draft: string): LineFile {
  let lines = "";
  let waiting = 0;
  let file: Promise<FileHandle> | undefined;
  let writing: Promise<void> = Promise.resolve();
  let failure: { error: unknown } | undefined;

  return {
    add(line) {
      lines += `${line}\n`;
      if (lines.length >= pieceSize) write();
    },

    room: () => (waiting > 2 * pieceSize ? writing : undefined),

    async publish(path) {
      try {
        write();
        await writing;
        if (failure !== undefined) throw failure.error;
        const written = (await file) as FileHandle;
        file = undefined;
        try {
          await written.sync();
        } finally {
          await written.close();
        }
        await rename(draft, path);
      } catch (error) {
        await discard();
        throw translateWriteError(error, path, "write");
      }
      await syncDirectory(dirname(path));
    },

    discard,
  };

  async function discard(): Promise<void> {
    await writing;
    const written = await file?.catch(() => undefined);
    file = undefined;
    await written?.close().catch(() => {});
    await rm(draft, { force: true }).catch(() => {});
  }

  function write(): void {
    const piece = lines;
    lines = "";
    waiting += piece.length;
    file ??= create(draft);
    const opened = file;
    writing = writing.then(async () => {
      try {
        if (failure === undefined) await (await opened).appendFile(piece);
      } catch (error) {
        failure = { error };
      } finally {
        waiting -= piece.length;
      }
    });
  }
}

async function create(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  await rm(path, { force: true });
  return await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o640);
}
