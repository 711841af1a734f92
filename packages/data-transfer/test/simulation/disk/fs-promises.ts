import { constants } from "node:fs";
import { whoRuns } from "../../../../celery/test/simulation/process.ts";
import { simulated } from "../simulated.ts";
import { diskCall } from "./calls.ts";
import { type DirectoryNode, type FileNode, failure, type Node } from "./disk.ts";

// In place of node:fs/promises: as much of it as is used at a destination, on the simulated disk.

/** As text, or as bytes; `/proc/self/fd/7/name` is a name in the folder that the process has open as 7. */
type Path = string | Buffer;

export function lstat(path: Path): Promise<Stats> {
  return diskCall("stat", (disk) => new Stats(disk.find(plain(path), start(path))));
}

export const stat = lstat;

export function mkdir(path: Path, options?: number | { mode?: number; recursive?: boolean }): Promise<void> {
  const { mode = 0o777 } = typeof options === "number" ? { mode: options } : (options ?? {});
  return diskCall("mkdir", (disk) => void disk.makeDirectory(plain(path), mode, start(path)));
}

export function rename(from: Path, to: Path): Promise<void> {
  return diskCall("rename", (disk) => disk.rename(plain(from), plain(to), start(from), start(to)));
}

export function chmod(path: Path, mode: number): Promise<void> {
  return diskCall("chmod", (disk) => disk.changeMode(disk.find(plain(path), start(path)), mode, plain(path)));
}

export function chown(path: Path): Promise<void> {
  return diskCall("chown", (disk) => void disk.find(plain(path), start(path)));
}

export function rmdir(path: Path): Promise<void> {
  return diskCall("rmdir", (disk) => disk.removeDirectory(plain(path), start(path)));
}

export function unlink(path: Path): Promise<void> {
  return diskCall("unlink", (disk) => disk.removeFile(plain(path), start(path)));
}

export function rm(path: Path, { force = false } = {}): Promise<void> {
  return diskCall("unlink", (disk) => {
    if (!force || findOrNothing(path)) disk.removeFile(plain(path), start(path));
  });
}

export function readdir(path: Path, options: { withFileTypes?: boolean; encoding?: string } = {}): Promise<unknown[]> {
  return diskCall("readdir", (disk) => {
    const node = disk.find(plain(path), start(path));
    if (node.kind !== "directory") throw failure("ENOTDIR", plain(path));
    return [...node.entries].map(([text, entry]) => {
      const name = options.encoding === "buffer" ? Buffer.from(text) : text;
      if (!options.withFileTypes) return name;
      return { name, parentPath: plain(path), ...kinds(entry) };
    });
  });
}

export async function opendir(path: Path, { encoding = "utf8" }: { encoding?: string } = {}) {
  const entries = (await readdir(path, { withFileTypes: true, encoding })) as { name: string }[];
  return {
    async *[Symbol.asyncIterator]() {
      yield* entries;
    },
    async close() {},
  };
}

export function statfs(path: Path): Promise<Record<string, number>> {
  return diskCall("stat", (disk) => {
    disk.find(plain(path), start(path));
    return { type: 0, bsize: 4096, blocks: 1e9, bfree: 1e9, bavail: 1e9, files: 1e9, ffree: 1e9 };
  });
}

export function readFile(path: Path): Promise<Buffer> {
  return diskCall("read", (disk) => {
    const node = disk.find(plain(path), start(path));
    if (node.kind !== "file") throw failure("EISDIR", plain(path));
    return Buffer.from(node.bytes);
  });
}

export async function open(path: Path, flags: number | string = constants.O_RDONLY, mode = 0o666): Promise<FileHandle> {
  const by = flagsOf(flags);
  return await diskCall("open", (disk) => {
    const exclusive = (by & constants.O_EXCL) !== 0;
    const known = exclusive ? undefined : findOrNothing(path);
    if (known === undefined && (by & constants.O_CREAT) === 0) throw failure("ENOENT", plain(path), "open");
    const node = known ?? disk.makeFile(plain(path), mode, start(path));
    if (by & constants.O_DIRECTORY && node.kind !== "directory") throw failure("ENOTDIR", plain(path), "open");
    if (by & constants.O_TRUNC && node.kind === "file") disk.truncate(node, 0, plain(path));
    return new FileHandle(node, plain(path), (by & constants.O_APPEND) !== 0);
  });
}

function findOrNothing(path: Path): Node | undefined {
  try {
    return simulated().disk.find(plain(path), start(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function flagsOf(flags: number | string): number {
  if (typeof flags === "number") return flags;
  const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = constants;
  const known: Record<string, number> = {
    r: O_RDONLY,
    w: O_WRONLY | O_CREAT | O_TRUNC,
    wx: O_WRONLY | O_CREAT | O_EXCL,
    a: O_WRONLY | O_CREAT | O_APPEND,
  };
  return known[flags] ?? O_RDONLY;
}

/** Descriptors by process: who dies has none any more. */
const descriptors = new WeakMap<object, Map<number, FileHandle>>();

/** `/proc/self/fd/7/name` is a name in the folder that the process has open as 7. */
const inDescriptor = /^\/proc\/self\/fd\/(\d+)/;

function start(path: Path): DirectoryNode {
  const number = inDescriptor.exec(String(path))?.[1];
  if (number === undefined) return simulated().disk.root;
  const node = descriptors.get(whoRuns())?.get(Number(number))?.node;
  if (node?.kind !== "directory") throw failure("ENOENT", plain(path));
  return node;
}

function plain(path: Path): string {
  return String(path).replace(inDescriptor, "");
}

let lastDescriptor = 10;

/** An open file or folder: it stays what it is, whatever becomes of its name. */
export class FileHandle {
  readonly fd = ++lastDescriptor;
  readonly node: Node;
  readonly #path: string;
  readonly #appends: boolean;
  #position = 0;

  constructor(node: Node, path: string, appends: boolean) {
    this.node = node;
    this.#path = path;
    this.#appends = appends;
    const own = descriptors.get(whoRuns()) ?? new Map<number, FileHandle>();
    own.set(this.fd, this);
    descriptors.set(whoRuns(), own);
  }

  /** The one that the process which runs has under this number. */
  static of(descriptor: number): FileHandle {
    const found = descriptors.get(whoRuns())?.get(descriptor);
    if (!found) throw failure("EBADF", String(descriptor));
    return found;
  }

  read(buffer: Uint8Array, offset = 0, length = buffer.length - offset, position: number | null = null) {
    return diskCall("read", () => {
      const { bytes } = this.#file();
      const from = position ?? this.#position;
      const bytesRead = Math.max(0, Math.min(length, bytes.length - from));
      buffer.set(bytes.subarray(from, from + bytesRead), offset);
      if (position === null) this.#position += bytesRead;
      return { bytesRead, buffer };
    });
  }

  write(bytes: Uint8Array, offset = 0, length = bytes.length - offset, position: number | null = null) {
    return diskCall("write", (disk) => {
      const file = this.#file();
      const at = this.#appends ? file.bytes.length : (position ?? this.#position);
      disk.write(file, bytes.subarray(offset, offset + length), at, this.#path);
      if (position === null) this.#position = at + length;
      return { bytesWritten: length };
    });
  }

  async appendFile(data: string | Uint8Array): Promise<void> {
    await this.write(typeof data === "string" ? Buffer.from(data) : data);
  }

  writeFile(data: string | Uint8Array): Promise<void> {
    return this.appendFile(data);
  }

  truncate(length = 0): Promise<void> {
    return diskCall("write", (disk) => disk.truncate(this.#file(), length, this.#path));
  }

  sync(): Promise<void> {
    return diskCall("sync", (disk) => disk.sync(this.node));
  }

  datasync(): Promise<void> {
    return this.sync();
  }

  stat(): Promise<Stats> {
    return diskCall("stat", () => new Stats(this.node));
  }

  chmod(mode: number): Promise<void> {
    return diskCall("chmod", (disk) => disk.changeMode(this.node, mode, this.#path));
  }

  chown(): Promise<void> {
    return diskCall("chown", () => {});
  }

  close(): Promise<void> {
    const own = descriptors.get(whoRuns());
    return diskCall("close", () => void own?.delete(this.fd));
  }

  #file(): FileNode {
    if (this.node.kind !== "file") throw failure("EISDIR", this.#path);
    return this.node;
  }
}

/** What lstat(2) tells. */
export class Stats {
  readonly ino: number;
  readonly dev = 1;
  readonly size: number;
  readonly mode: number;
  readonly #kind: Node["kind"];

  constructor(node: Node) {
    this.ino = node.number;
    this.mode = node.mode;
    this.size = node.kind === "file" ? node.bytes.length : 4096;
    this.#kind = node.kind;
  }

  isDirectory(): boolean {
    return this.#kind === "directory";
  }

  isFile(): boolean {
    return this.#kind === "file";
  }

  isSymbolicLink(): boolean {
    return false;
  }
}

function kinds(node: Node) {
  return {
    isDirectory: () => node.kind === "directory",
    isFile: () => node.kind === "file",
    isSymbolicLink: () => false,
  };
}
