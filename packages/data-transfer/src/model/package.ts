import type { PackageState, PhysicalCopyStatus } from "./status.ts";

/** A checksum as the catalogue has it. The algorithm is whatever was written there; an unknown one is refused when used. */
export interface Checksum {
  algorithm: string;
  /** Lower-case hex. */
  digest: string;
}

/** A tar of raw data files: the unit in which data are archived and staged. */
export interface RawDataPackage {
  id: string;
  name: string;
  /** Bytes of the tar. */
  size: number;
  checksum: Checksum | undefined;
  fileCount: number;
  state: PackageState;
  executedObsUnitId: string | undefined;
  instrumentModuleId: number | undefined;
  /** ISO 8601. */
  createdAt: string;
}

/** One instrument file inside a package. */
export interface RawDataFile {
  id: string;
  packageId: string;
  /** Path inside the package, `/` between the parts. */
  path: string;
  size: number;
  checksum: Checksum | undefined;
}

/** Where the bytes of a package exist, and in which state. */
export interface PhysicalCopy {
  id: number;
  packageId: string;
  locationId: number;
  /** Key or path below the location's own prefix or path. */
  key: string;
  status: PhysicalCopyStatus;
  /** Staged copies only: when their lifetime ends (ISO 8601). */
  expiresAt: string | undefined;
  verifiedAt: string | undefined;
}
