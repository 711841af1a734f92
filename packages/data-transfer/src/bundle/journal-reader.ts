import { constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { errnoOf } from "../errors/errno.ts";
import { rewriteJournal } from "./journal.ts";
import {
  batchHeadSize,
  batchSizeMax,
  decodeBatch,
  encodeIdentity,
  type JournalIdentity,
  type JournalMember,
  journalName,
} from "./journal-format.ts";
import { createNameTable, type NameTable } from "./name-table.ts";
import { pruneTree } from "./prune-tree.ts";

/** What an earlier attempt has left in a private directory. */
export interface Leftover {
  /** Members that are there; a large file once, with as many bytes as are durable. */
  members(): AsyncIterable<JournalMember>;
  /** Bytes of the journal: what is written next follows them. */
  journalBytes: number;
  /** Offset in the archive at which reading goes on. */
  offset: number;
  /** How many members there are. */
  count: number;
}

const blockSize = 512;

/**
 * Looks at a journal and at the files that it names: as far as both are there, in the archive's order, the work need not be
 * done again. Only existence and size are looked at; their bytes are read, and compared with the digests, when the archive
 * is put together again from them.
 *
 * What a crash has cut off, what a power failure has taken, and everything behind it, does not count, and is removed.
 *
 * @param tree where the files lie
 * @returns undefined when nothing is there that could be used
 */
export async function readLeftover(
  directory: string,
  tree: string,
  identity: JournalIdentity,
): Promise<Leftover | undefined> {
  const path = join(directory, journalName);
  let offset = 0;
  let count = 0;
  let partial = 0;
  reading: for await (const members of readBatches(path, identity)) {
    for (const { head, data } of members) {
      if (data !== undefined && !(await isThere(join(tree, data.path), data.bytes))) break reading;
      offset += head.length + (data === undefined ? 0 : data.bytes - partial);
      partial = data === undefined || data.bytes === data.size ? 0 : data.bytes;
      if (data !== undefined && partial === 0) offset = Math.ceil(offset / blockSize) * blockSize;
      count += 1;
    }
  }
  if (count === 0) return undefined;
  await pruneTree(tree, await namesOf(firstOf(readBatches(path, identity), count)));
  // Always a new file: whoever has left the old one may only be frozen, and write on into it when it wakes.
  const journalBytes = await rewriteJournal(directory, identity, firstOf(readBatches(path, identity), count));
  return { members: () => merged(readBatches(path, identity), count), journalBytes, offset, count };
}

async function namesOf(batches: AsyncIterable<JournalMember[]>): Promise<NameTable> {
  const names = createNameTable();
  for await (const members of batches) {
    for (const { data } of members) if (data !== undefined && names.find(data.path) === -1) names.add();
  }
  return names;
}

async function isThere(path: string, bytes: number): Promise<boolean> {
  try {
    const stats = await lstat(path);
    return stats.isFile() && stats.size >= bytes;
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return false;
    throw error;
  }
}

/** Of a large file that is there several times in a row the last. */
async function* merged(batches: AsyncIterable<JournalMember[]>, count: number): AsyncGenerator<JournalMember> {
  let last: JournalMember | undefined;
  for await (const members of firstOf(batches, count)) {
    for (const member of members) {
      const goesOn = member.head.length === 0 && member.data !== undefined && member.data.path === last?.data?.path;
      if (goesOn) last = { head: (last as JournalMember).head, data: member.data };
      else {
        if (last !== undefined) yield last;
        last = member;
      }
    }
  }
  if (last !== undefined) yield last;
}

async function* firstOf(batches: AsyncIterable<JournalMember[]>, count: number): AsyncGenerator<JournalMember[]> {
  let left = count;
  for await (const members of batches) {
    yield members.slice(0, left);
    left -= members.length;
    if (left <= 0) return;
  }
}

/** The batches that are whole, up to the first that is not; none where the journal belongs to something else. */
async function* readBatches(path: string, identity: JournalIdentity): AsyncGenerator<JournalMember[]> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  try {
    const first = encodeIdentity(identity);
    let at = first.length;
    if (!(await readExactly(file, 0, first.length))?.equals(first)) return;
    for (;;) {
      const start = await readExactly(file, at, batchHeadSize);
      const length = start?.readUInt32LE(0) ?? 0;
      // Zeroes are what a power failure leaves where bytes were to come.
      if (start === undefined || length === 0 || length > batchSizeMax) return;
      const body = await readExactly(file, at + batchHeadSize, length);
      if (body === undefined || crc32(body) !== start.readUInt32LE(4)) return;
      at += batchHeadSize + length;
      yield decodeBatch(body);
    }
  } finally {
    await file.close();
  }
}

async function readExactly(file: FileHandle, at: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) return undefined;
    done += bytesRead;
  }
  return bytes;
}
