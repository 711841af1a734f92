import { constants } from "node:fs";
import { open, statfs } from "node:fs/promises";
import { release, constants as system } from "node:os";
import { getSystemErrorName } from "node:util";
import { limited } from "./disk-calls.ts";

/** Syncs all of one file system at once: whatever was written to it before the call is durable when that resolves. */
export interface FileSystemSync {
  /**
   * Never called again once it has failed: the bytes are lost, and only the first call is told of it.
   *
   * @throws the system's error, ENOSPC, EDQUOT and EIO among them
   */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * From this version of Linux on syncfs(2) tells of all writing that has failed since the descriptor was opened, whoever
 * wrote (syncfs(2), "ERRORS" and "HISTORY").
 */
const leastKernel = [5, 8] as const;

/** File systems of one machine, of which that is known, by statfs(2): ext2 to ext4, XFS, Btrfs. Others are asked file by file. */
const trusted: ReadonlySet<number> = new Set([0xef53, 0x58465342, 0x9123683e]);

/**
 * To be opened before anything is written that it is to sync: what fails from then on is not missed.
 *
 * @returns undefined where the system has no such call that can be relied on
 * @throws what opening the directory throws
 */
export async function openFileSystemSync(directory: string): Promise<FileSystemSync | undefined> {
  if (!isKernelNewEnough(release()) || !trusted.has((await statfs(directory)).type)) return undefined;
  syncfs ??= loadSyncfs();
  const call = await syncfs;
  if (call === undefined) return undefined;
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  return { sync: () => call(handle.fd), close: () => handle.close() };
}

/** @param version as `uname -r` has it */
export function isKernelNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major > leastKernel[0] || (major === leastKernel[0] && minor >= leastKernel[1]);
}

type Syncfs = (descriptor: number) => Promise<void>;

let syncfs: Promise<Syncfs | undefined> | undefined;

/** Node has no syncfs; that of the C library is called. Where that cannot be reached, undefined. */
async function loadSyncfs(): Promise<Syncfs | undefined> {
  if (process.platform !== "linux") return undefined;
  try {
    const { default: koffi } = await import("koffi");
    const call = koffi.load(null).func("int syncfs(int)");
    // A sandbox may forbid it; one that does not has to say that there is no such descriptor.
    if (call(-1) === 0 || koffi.errno() !== system.errno.EBADF) return undefined;
    return limited(
      (descriptor: number) =>
        new Promise<void>((resolve, reject) => {
          call.async(descriptor, (failure: Error | null, answer: number) => {
            if (failure === null && answer === 0) resolve();
            else reject(failure ?? systemError(koffi.errno()));
          });
        }),
    );
  } catch {
    return undefined;
  }
}

function systemError(errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}: syncfs`), { code, errno: -errno, syscall: "syncfs" });
}
