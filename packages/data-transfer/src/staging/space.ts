import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { translateWriteError } from "../bundle/translate-write-error.ts";
import { NotEnoughSpace } from "../errors/staging.ts";
import type { FreeRoom, Room } from "../model/room.ts";
import type { Claim } from "../model/staging.ts";
import type { Database } from "../opsdb/database.ts";
import { type RoomInUse, reserveRoom } from "../opsdb/room.ts";

/** Promises room to packages. The promises lie in the database, where every worker sees them; here is who asks. */
export interface Space {
  /** Bytes promised to packages of this process and not written yet. */
  readonly unwritten: number;
  /**
   * Promises a package its room, or refuses. The promise ends with the claim.
   *
   * @throws NotEnoughSpace, ClaimLost, and whatever the look at the file system throws
   */
  reserve(wish: Wish): Promise<Reservation>;
}

export interface Wish {
  claim: Claim;
  /** Folder that the package is to lie in. */
  path: string;
  /** All that the package takes. */
  needed: Room;
  /** Of that, what an earlier attempt has written and this one takes over. */
  written?: Room;
  /** Asks the file system, soon: others wait meanwhile. */
  look(): Promise<FreeRoom>;
}

/** What a package was promised. */
export interface Reservation {
  /** What is still to be written. */
  readonly unwritten: Room;
  /** Bytes and files of the package written so far by this attempt: that much less is still promised. */
  written(bytes: number, files?: number): void;
  /** The claim has ended, and the promise with it. */
  end(): void;
}

/** @param keepFree  bytes that must stay free at every destination */
export function createSpace(db: Database, keepFree: number): Space {
  const open = new Set<Reservation>();
  return {
    get unwritten() {
      return [...open].reduce((sum, { unwritten }) => sum + unwritten.bytes, 0);
    },
    async reserve({ claim, path, needed, written = { bytes: 0, files: 0 }, look }) {
      const begun = less(needed, written);
      await reserveRoom(db, claim, { bytes: needed.bytes, unwritten: begun }, async (use) => {
        const free = await look();
        refuseShortage({ path, needed, unwritten: begun, free, use, keepFree });
        return free;
      });
      let unwritten = begun;
      const reservation: Reservation = {
        get unwritten() {
          return unwritten;
        },
        written(bytes, files = 0) {
          unwritten = less(begun, { bytes, files });
        },
        end: () => void open.delete(reservation),
      };
      open.add(reservation);
      return reservation;
    },
  };
}

/** All that a decision about room rests on. */
export interface Weighed {
  path: string;
  needed: Room;
  unwritten: Room;
  free: FreeRoom;
  use: RoomInUse;
  keepFree: number;
}

/** @throws NotEnoughSpace with what is missing, and of what */
export function refuseShortage({ path, needed, unwritten, free, use, keepFree }: Weighed): void {
  if (use.budget !== undefined) {
    const missing = needed.bytes + use.staged + use.reserved - use.budget;
    const facts = { budget: use.budget, staged: use.staged, reserved: use.reserved };
    if (missing > 0) throw new NotEnoughSpace({ path, lacks: "budget", missing, needed: needed.bytes, ...facts });
  }
  if (free.bytes !== undefined) {
    const missing = unwritten.bytes + use.unwritten.bytes + keepFree - free.bytes;
    const facts = { free: free.bytes, reserved: use.unwritten.bytes, keepFree };
    if (missing > 0) throw new NotEnoughSpace({ path, lacks: "bytes", missing, needed: unwritten.bytes, ...facts });
  }
  if (free.files !== undefined) {
    const missing = unwritten.files + use.unwritten.files - free.files;
    const facts = { free: free.files, reserved: use.unwritten.files };
    if (missing > 0) throw new NotEnoughSpace({ path, lacks: "inodes", missing, needed: unwritten.files, ...facts });
  }
}

/** What an ordinary user may still write where `path` lies, or will lie once its parents are made. */
export async function freeRoom(path: string): Promise<FreeRoom> {
  for (let at = path; ; at = dirname(at)) {
    try {
      return freeRoomOf(await statfs(at));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || at === dirname(at))
        throw translateWriteError(error, at, "statfs");
    }
  }
}

interface Statfs {
  bsize: number;
  blocks: number;
  bavail: number;
  files: number;
  ffree: number;
}

/** File systems that do not count say 0 of 0. */
export function freeRoomOf({ bsize, blocks, bavail, files, ffree }: Statfs): FreeRoom {
  return { bytes: blocks === 0 ? undefined : bavail * bsize, files: files === 0 ? undefined : ffree };
}

function less(room: Room, by: Room): Room {
  return { bytes: Math.max(0, room.bytes - by.bytes), files: Math.max(0, room.files - by.files) };
}
