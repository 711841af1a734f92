import type { FileSystemSync } from "../../../src/bundle/file-system-sync.ts";
import { diskCall } from "./calls.ts";

// In place of src/bundle/file-system-sync.ts: the call on the simulated disk.

export async function openFileSystemSync(directory: string): Promise<FileSystemSync> {
  await diskCall("open", (disk) => disk.find(directory));
  return { sync: () => diskCall("sync", (disk) => disk.syncFiles()), async close() {} };
}
