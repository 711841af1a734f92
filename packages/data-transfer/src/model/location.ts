export const locationTypes = ["source", "buffer", "long_term_archive", "processing"] as const;
export type LocationType = (typeof locationTypes)[number];

export const storageTypes = ["disk", "s3", "tape"] as const;
export type StorageType = (typeof storageTypes)[number];

export interface Site {
  id: number;
  name: string;
  /** Goes into queue names. */
  shortName: string;
  /** Where on earth, for people. */
  location: string;
}

interface DataLocationBase {
  id: number;
  site: Site;
  name: string;
  locationType: LocationType;
  /** Lower is tried first. */
  priority: number;
  active: boolean;
  /** Set while the location is paused: the message that users see. */
  pauseMessage: string | undefined;
  /** Bytes that may lie there at most; undefined where only the file system sets a limit. */
  budget?: number | undefined;
}

export interface DiskDataLocation extends DataLocationBase {
  storageType: "disk";
  host: string | undefined;
  /** Absolute; must lie below a configured root before it is used. */
  path: string;
}

export interface S3DataLocation extends DataLocationBase {
  storageType: "s3";
  /** https://host[:port]; must be on the allow-list before it is used. */
  endpoint: string;
  bucket: string;
  /** Put before every key; empty or ending in `/`. */
  prefix: string;
  region: string;
}

export interface TapeDataLocation extends DataLocationBase {
  storageType: "tape";
  path: string;
}

export type DataLocation = DiskDataLocation | S3DataLocation | TapeDataLocation;
