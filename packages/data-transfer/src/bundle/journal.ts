import { constants } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { join } from "node:path";
import {
  encodeBatch,
  encodeIdentity,
  type JournalIdentity,
  type JournalMember,
  journalName,
} from "./journal-format.ts";

/**
 * What an attempt leaves to the next one: of every member that is durable on disk, the bytes of the archive that are in no
 * file (headers; padding is zeroes), and the digest of those that are. See journal-reader.ts for what is made of it.
 */
export interface Journal {
  /**
   * The next member has been read, or the next part of a large file. It counts once it is durable, and all before it are.
   *
   * @param file its number with the writer; undefined where there is nothing to wait for
   */
  note(member: JournalMember, file: number | undefined): void;
  /** So many bytes of that file are durable. */
  durable(file: number, bytes: number): void;
  /**
   * Closes, having written down what is durable by now if a later attempt may want it. Never throws.
   *
   * @returns whether there is anything in it for a later attempt
   */
  close(options: { wanted: boolean }): Promise<boolean>;
}

/** What is durable is written down when it is so many members, or so many bytes, or when the last time is so long ago (ms). */
const batchMembers = 1000;
const batchBytes = 8 * 1024 * 1024;
const batchEvery = 250;

/**
 * Begins a journal in a private directory, or goes on with the one that is there.
 *
 * A journal that cannot be written costs a later attempt time, and this one nothing: it is given up, with a word to `onTrouble`.
 *
 * @param keep bytes of an existing journal that hold; 0 begins it anew
 */
export async function openJournal(
  directory: string,
  identity: JournalIdentity,
  keep: number,
  onTrouble: (error: unknown) => void,
): Promise<Journal> {
  let file: FileHandle | undefined = await begin(join(directory, journalName), identity, keep).catch(
    (error: unknown) => {
      onTrouble(error);
      return undefined;
    },
  );
  const noted: { member: JournalMember; file: number | undefined }[] = [];
  let firstNoted = 0;
  const durableBytes = new Map<number, number>();
  let ready: JournalMember[] = [];
  let readyBytes = 0;
  let writtenAt = performance.now();
  let writing: Promise<void> | undefined;
  let hasMembers = keep > 0;

  return {
    note(member, number) {
      if (file === undefined) return;
      noted.push({ member, file: number });
      advance();
    },

    durable(number, bytes) {
      if (file === undefined) return;
      durableBytes.set(number, bytes);
      advance();
    },

    async close({ wanted }) {
      while (writing !== undefined) await writing;
      if (wanted && ready.length > 0) await writeReady();
      await file?.close().catch(onTrouble);
      file = undefined;
      return hasMembers;
    },
  };

  /** Moves on over what is durable; what comes behind something that is not has to wait for it. */
  function advance(): void {
    for (; firstNoted < noted.length; firstNoted++) {
      const { member, file: number } = noted[firstNoted] as (typeof noted)[number];
      if (number !== undefined) {
        const { bytes, size } = member.data as NonNullable<JournalMember["data"]>;
        if ((durableBytes.get(number) ?? 0) < bytes) break;
        if (bytes === size) durableBytes.delete(number);
      }
      ready.push(member);
      readyBytes += member.data?.bytes ?? 0;
    }
    if (firstNoted > 1000) noted.splice(0, firstNoted);
    if (firstNoted > 1000) firstNoted = 0;
    const due = performance.now() - writtenAt >= batchEvery;
    if (file === undefined || writing !== undefined || ready.length === 0) return;
    if (due || ready.length >= batchMembers || readyBytes >= batchBytes) writing = writeReady();
  }

  async function writeReady(): Promise<void> {
    const batch = encodeBatch(ready);
    ready = [];
    readyBytes = 0;
    writtenAt = performance.now();
    try {
      await file?.appendFile(batch);
      await file?.datasync();
      hasMembers = true;
    } catch (error) {
      onTrouble(error);
      await file?.close().catch(() => {});
      file = undefined;
    }
    writing = undefined;
    advance();
  }
}

/**
 * Puts another journal in the place of the one that is there, in one step: its first members, as many as hold.
 *
 * @returns its bytes
 */
export async function rewriteJournal(
  directory: string,
  identity: JournalIdentity,
  batches: AsyncIterable<readonly JournalMember[]>,
): Promise<number> {
  const draft = join(directory, `${journalName}.draft`);
  const file = await begin(draft, identity, 0);
  try {
    for await (const members of batches) await file.appendFile(encodeBatch(members));
    await file.datasync();
    return (await file.stat()).size;
  } finally {
    await file.close();
    await rename(draft, join(directory, journalName));
  }
}

/** Opens for appending what is kept of it, the first line being there. */
async function begin(path: string, identity: JournalIdentity, keep: number): Promise<FileHandle> {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
  try {
    await file.truncate(keep);
    if (keep === 0) await file.appendFile(encodeIdentity(identity));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
