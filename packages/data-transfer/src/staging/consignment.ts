import type { Manifest } from "../bundle/manifest.ts";
import type { RawDataPackage } from "../model/package.ts";
import type { Queryable } from "../opsdb/database.ts";
import type { Claimed } from "../opsdb/items.ts";
import { archiveCopies, packageFiles, stagedCopies } from "../opsdb/packages.ts";
import { asProcessingLocation, stagedDirectory } from "./destination.ts";
import type { Consignment } from "./stage-package.ts";

/**
 * All that the catalogue knows of a claimed item's package: what it must contain, where it can be read, where it goes.
 *
 * @throws UnsafeName, PathOutsideRoot when a name from the database would leave the root
 */
export async function loadConsignment(q: Queryable, root: string, claimed: Claimed): Promise<Consignment> {
  const { claim, package: wanted, destination } = claimed;
  const target = stagedDirectory(root, asProcessingLocation(destination), wanted.name);
  const [manifest, sources, staged] = await Promise.all([
    loadManifest(q, wanted),
    archiveCopies(q, [wanted.id]),
    stagedCopies(q, [wanted.id], destination.id),
  ]);
  return { itemId: claim.item.id, attempt: claim.attempt, manifest, sources, target, root, ours: staged.length > 0 };
}

/** What a package must contain, as the catalogue has it. */
export async function loadManifest(q: Queryable, { id, name, size, checksum }: RawDataPackage): Promise<Manifest> {
  return { package: { name, size, checksum }, files: await packageFiles(q, id) };
}
