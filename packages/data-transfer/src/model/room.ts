/** What something needs, or leaves, of a file system. */
export interface Room {
  bytes: number;
  /** Files and folders: what a file system counts as inodes. */
  files: number;
}

/** What a file system has free; undefined where it does not say. */
export interface FreeRoom {
  bytes: number | undefined;
  files: number | undefined;
}
