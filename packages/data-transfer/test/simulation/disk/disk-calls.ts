import { FileHandle, mkdir as makeDirectory, open as openFile, unlink as removeFile } from "./fs-promises.ts";

// In place of src/bundle/disk-calls.ts: the same calls on the simulated disk. How many may be on their way is no matter here.

const open = async (path: string, flags: number, mode?: number): Promise<number> =>
  (await openFile(path, flags, mode)).fd;

const handle = (descriptor: number) => FileHandle.of(descriptor);

export const diskCalls = {
  open,
  close: (descriptor: number) => handle(descriptor).close(),
  fchmod: (descriptor: number, mode: number) => handle(descriptor).chmod(mode),
  fchown: (descriptor: number) => handle(descriptor).chown(),
  fdatasync: (descriptor: number) => handle(descriptor).sync(),
  fsync: (descriptor: number) => handle(descriptor).sync(),
  ftruncate: (descriptor: number, length: number) => handle(descriptor).truncate(length),
  mkdir: (path: string, mode: number) => makeDirectory(path, mode),
  unlink: (path: string) => removeFile(path),
  write: (descriptor: number, bytes: Uint8Array, offset: number, length: number, position: number) =>
    handle(descriptor).write(bytes, offset, length, position),
};

export function threadPoolSize(): number {
  return 4;
}
