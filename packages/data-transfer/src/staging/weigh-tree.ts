import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { translateWriteError } from "../bundle/translate-write-error.ts";
import type { Room } from "../model/room.ts";

/** What a directory of ours takes on its file system, with all that is in it; links are not followed. */
export async function weighTree(directory: string): Promise<Room> {
  const room: Room = { bytes: 0, files: 0 };
  try {
    for await (const entry of await opendir(directory)) {
      const path = join(directory, entry.name);
      const stats = await lstat(path);
      const below = stats.isDirectory() ? await weighTree(path) : { bytes: stats.blocks * 512, files: 0 };
      room.bytes += below.bytes;
      room.files += below.files + 1;
    }
  } catch (error) {
    throw translateWriteError(error, directory, "opendir");
  }
  return room;
}
