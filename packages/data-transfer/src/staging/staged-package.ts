import { type TreeReport, verifyTree } from "../bundle/verify-tree.ts";
import { NotStaged, UnknownPackage } from "../errors/staging.ts";
import type { DiskDataLocation } from "../model/location.ts";
import type { PhysicalCopy, RawDataPackage } from "../model/package.ts";
import { audit } from "../opsdb/audit.ts";
import type { Database, Queryable } from "../opsdb/database.ts";
import { markVerified } from "../opsdb/lifetimes.ts";
import { stagedCopies, stagedFiles } from "../opsdb/packages.ts";
import { loadManifest } from "./consignment.ts";
import { findProcessingLocation, stagedDirectory } from "./destination.ts";
import { selectPackages } from "./selection.ts";

/** A package that the database has as staged, and where it lies. */
export interface StagedPackage {
  package: RawDataPackage;
  copy: PhysicalCopy;
  location: DiskDataLocation;
  /** Absolute. */
  directory: string;
}

/**
 * Staged packages of these names at a processing location.
 *
 * @throws UnknownPackage when the catalogue has none of a name, NotStaged when one has no staged copy there
 */
export async function findStagedPackages(
  q: Queryable,
  root: string,
  names: readonly string[],
  at: string,
): Promise<StagedPackage[]> {
  const location = await findProcessingLocation(q, at);
  const { known, unknown } = await selectPackages(q, { packages: names });
  if (unknown.length > 0) throw new UnknownPackage(unknown);
  const copies = await stagedCopies(
    q,
    known.map(({ id }) => id),
    location.id,
  );
  return known.map((one) => {
    const copy = copies.find(({ packageId }) => packageId === one.id);
    if (copy === undefined) throw new NotStaged(one.name, at);
    return { package: one, copy, location, directory: stagedDirectory(root, location, one.name) };
  });
}

/** Absolute paths of all files of staged packages, in the order of their names. */
export async function stagedPaths(q: Queryable, staged: readonly StagedPackage[]): Promise<StagedPath[]> {
  const [first] = staged;
  if (first === undefined) return [];
  const directories = new Map(staged.map(({ package: { id }, directory }) => [id, directory]));
  const files = await stagedFiles(q, [...directories.keys()], first.location.id);
  return files.map(({ packageId, packageName, path, size, checksum }) => ({
    package: packageName,
    path: `${directories.get(packageId)}/${path}`,
    size,
    checksum,
  }));
}

export interface StagedPath {
  package: string;
  path: string;
  size: number;
  checksum: { algorithm: string; digest: string } | undefined;
}

/**
 * Reads a staged package's bytes again and compares them with the catalogue. An intact one is recorded as verified now;
 * a damaged one is left as it is, and noted in the audit trail.
 */
export async function verifyStagedPackage(
  db: Database,
  { package: one, copy, directory }: StagedPackage,
  options: { signal: AbortSignal; onBytes(bytesDone: number): void; actor: string },
): Promise<TreeReport> {
  const report = await verifyTree(directory, loadManifest(db, one), options);
  await db.transaction(async (tx) => {
    if (report.intact) await markVerified(tx, copy.id);
    await audit(tx, {
      actor: options.actor,
      action: "verify",
      subject: `copy:${copy.id}`,
      details: { intact: report.intact, differences: report.differences.slice(0, 20) },
    });
  });
  return report;
}
