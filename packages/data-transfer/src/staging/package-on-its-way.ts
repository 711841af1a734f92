import type { Logger } from "pino";
import type { Manifest } from "../bundle/manifest.ts";
import type { TreeModes } from "../bundle/tree-writer.ts";
import type { SafetyRule } from "../errors/package.ts";
import type { DataLocation } from "../model/location.ts";
import type { Room } from "../model/room.ts";
import type { ArchiveCopy } from "../opsdb/packages.ts";
import type { Storage } from "../storage/storage.ts";
import type { Reservation } from "./space.ts";

/** What a worker needs to bring packages to its place, whichever package it is. */
export interface StagingPlace {
  /** Opens an archive location for reading; its storages are shared between packages. */
  archive(location: DataLocation): Storage;
  /** Modes and group of what is published. */
  modes: TreeModes;
  /** Write large files past the page cache where the file system lets us. */
  direct?: boolean;
  /** So many small files of a package are synced one by one, the others together where that can be relied on. */
  syncedAlone?: number;
}

/** One package on its way: all that is known of it when the work begins. */
export interface Consignment {
  itemId: number;
  attempt: number;
  manifest: Manifest & { package: { size: number } };
  /** Archive copies, the best first. */
  sources: readonly ArchiveCopy[];
  /** Folder that every processing location lies in: below it no link is followed. */
  root: string;
  /** Absolute final directory. */
  target: string;
  /** The database says that a copy of ours was published here before. */
  ours: boolean;
  /** What it takes there. */
  room: Room;
  /** Rules that it may break: a person answers for it. */
  waivers: readonly SafetyRule[];
}

export interface StageOptions {
  signal: AbortSignal;
  /**
   * Promises the room that is needed; to be called before the first byte. The promise ends with the claim.
   *
   * @param written  what an earlier attempt has left that this one takes over
   * @throws NotEnoughSpace
   */
  reserve(needed: Room, written?: Room): Promise<Pick<Reservation, "written">>;
  /** Bytes of the package read so far, or of its files where an existing copy is verified. */
  onBytes(bytesDone: number): void;
  /** Called when the copy that the database has as staged is not there any more, or was put aside because it is damaged. */
  onLost(details: Record<string, unknown>): Promise<void>;
  log: Logger;
}
