import { createCipheriv } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { type ChecksumAlgorithm, createHasher, type Hasher } from "../../packages/data-transfer/src/bundle/hash.ts";

export interface TarShape {
  files: number;
  /** Of all files together; they are of the same size, to a byte. */
  bytes: number;
  /** Another seed, other bytes. */
  seed?: number;
}

export type Digests = Readonly<Partial<Record<ChecksumAlgorithm, string>>>;

export interface TarMember {
  path: string;
  size: number;
  digests: Digests;
}

export interface TarFile {
  /** Of the tar, in bytes. */
  size: number;
  digests: Digests;
  files: TarMember[];
}

const blockSize = 512;
const pieceSize = 1024 * 1024;
const filesPerFolder = 500;

/**
 * Writes a tar of files that no compression makes smaller, with a directory entry for each 500 of them, and tells the digests
 * of all. The same shape gives the same bytes.
 */
export async function writeTar(
  path: string,
  { files: count, bytes, seed = 1 }: TarShape,
  algorithms: readonly ChecksumAlgorithm[],
): Promise<TarFile> {
  const whole = await Promise.all(algorithms.map(createHasher));
  const hashers = await Promise.all(algorithms.map(createHasher));
  const noise = createNoise(seed);
  const handle = await open(path, "wx");
  try {
    const sink = createSink(handle, whole);
    const files: TarMember[] = [];
    await sink.add(header("raw/", 0));
    for (let number = 0; number < count; number++) {
      const folder = `raw/${String(Math.floor(number / filesPerFolder)).padStart(4, "0")}/`;
      if (number % filesPerFolder === 0) await sink.add(header(folder, 0));
      const name = `${folder}scan_${String(number).padStart(7, "0")}.fits`;
      const size = Math.floor((bytes * (number + 1)) / count) - Math.floor((bytes * number) / count);
      await sink.add(header(name, size));
      for (const hasher of hashers) hasher.reset();
      for (let left = size; left > 0; ) {
        const piece = noise(Math.min(pieceSize, left));
        for (const hasher of hashers) hasher.update(piece);
        await sink.add(piece);
        left -= piece.length;
      }
      await sink.add(Buffer.alloc((blockSize - (size % blockSize)) % blockSize));
      files.push({ path: name, size, digests: digestsOf(hashers) });
    }
    await sink.add(Buffer.alloc(2 * blockSize));
    return { size: await sink.end(), digests: digestsOf(whole), files };
  } finally {
    await handle.close();
  }
}

/** The key stream of a cipher: gigabytes a second. */
function createNoise(seed: number): (length: number) => Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  const cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  const zeros = Buffer.alloc(pieceSize);
  return (length) => cipher.update(zeros.subarray(0, length));
}

/** Gathers what is added into large writes. */
function createSink(handle: FileHandle, hashers: readonly Hasher[]) {
  const buffer = Buffer.allocUnsafe(4 * pieceSize);
  let filled = 0;
  let size = 0;
  return {
    async add(bytes: Buffer): Promise<void> {
      if (filled + bytes.length > buffer.length) await flush();
      filled += bytes.copy(buffer, filled);
    },
    async end(): Promise<number> {
      await flush();
      return size;
    },
  };

  async function flush(): Promise<void> {
    const bytes = buffer.subarray(0, filled);
    for (const hasher of hashers) hasher.update(bytes);
    await handle.writeFile(bytes);
    size += filled;
    filled = 0;
  }
}

function digestsOf(hashers: readonly Hasher[]): Digests {
  return Object.fromEntries(hashers.map((hasher) => [hasher.algorithm, hasher.digest()]));
}

/** A block of ustar; a name that ends with a slash is a directory's. */
function header(name: string, size: number): Buffer {
  const isDirectory = name.endsWith("/");
  const block = Buffer.alloc(blockSize);
  const octal = (value: number, at: number, digits: number) =>
    block.write(`${value.toString(8).padStart(digits, "0")}\0`, at);
  block.write(name, 0);
  octal(isDirectory ? 0o750 : 0o640, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  block.write("        ", 148);
  block.write(isDirectory ? "5" : "0", 156);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
