import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";

/** A member of the tar, in its order. A large file may be there several times in a row, each time with more bytes. */
export interface JournalMember {
  /**
   * Archive bytes between the end of the member before (padding included) and its own data; none where a file goes on. They
   * are the member's own, and stay as they are.
   */
  head: Uint8Array;
  /** Undefined for what has no data: directories and empty files. */
  data?: JournalData;
}

export interface JournalData {
  path: string;
  /** Bytes of the whole file. */
  size: number;
  /** Bytes of it, from its beginning, that are durable. */
  bytes: number;
  /** Of those bytes, by the journal's algorithm. */
  digest: string;
}

/** What a journal belongs to: with any difference it is worth nothing. */
export interface JournalIdentity {
  /** Where the archive's bytes come from, without credentials. */
  source: string;
  etag: string;
  /** Bytes of the archive. */
  size: number;
  /** `algorithm:digest` of the package, as far as they are known. */
  checksums: readonly string[];
  /** Of the digests in the journal. */
  algorithm: string;
}

export const journalName = "journal";

/** Length and CRC-32 of what follows. */
export const batchHeadSize = 8;
/** More than any batch has: a length beyond it is damage. */
export const batchSizeMax = 64 * 1024 * 1024;

const format = 1;

/** The first line of a journal. */
export function encodeIdentity(identity: JournalIdentity): Buffer {
  const { source, etag, size, checksums, algorithm } = identity;
  return Buffer.from(`${JSON.stringify({ format, source, etag, size, checksums, algorithm })}\n`);
}

/** A batch: length and CRC-32 of the rest, then, deflated, the length of a JSON text, that text, and all heads. */
export function encodeBatch(members: readonly JournalMember[]): Buffer {
  const facts = members.map(({ head, data }) =>
    data === undefined ? [head.length] : [head.length, data.path, data.size, data.bytes, data.digest],
  );
  const text = Buffer.from(JSON.stringify(facts));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const body = deflateRawSync(Buffer.concat([length, text, ...members.map(({ head }) => head)]), { level: 1 });
  const start = Buffer.alloc(batchHeadSize);
  start.writeUInt32LE(body.length, 0);
  start.writeUInt32LE(crc32(body), 4);
  return Buffer.concat([start, body]);
}

/** The members of a batch, its body being whole by its checksum. */
export function decodeBatch(body: Uint8Array): JournalMember[] {
  const plain = inflateRawSync(body);
  const textEnd = 4 + plain.readUInt32LE(0);
  const facts = JSON.parse(plain.toString("utf8", 4, textEnd)) as [number, string?, number?, number?, string?][];
  let at = textEnd;
  return facts.map(([headLength, path, size, bytes, digest]) => {
    const head = plain.subarray(at, at + headLength);
    at += headLength;
    return path === undefined
      ? { head }
      : { head, data: { path, size: size as number, bytes: bytes as number, digest: digest as string } };
  });
}
