import type { Manifest } from "../bundle/manifest.ts";
import type { Checksum, RawDataPackage } from "../model/package.ts";
import type { Queryable } from "../opsdb/database.ts";
import type { Claimed } from "../opsdb/items.ts";
import { archiveCopies, packageFiles, stagedCopies } from "../opsdb/packages.ts";
import { packageRoom } from "../opsdb/room.ts";
import { waiversOf } from "../opsdb/waivers.ts";
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
  const manifest = loadManifest(q, wanted);
  const [sources, staged, room, waivers] = await Promise.all([
    archiveCopies(q, [wanted.id]),
    stagedCopies(q, [wanted.id], destination.id),
    packageRoom(q, wanted.id),
    waiversOf(q, wanted.id),
  ]);
  const { item, attempt } = claim;
  return { itemId: item.id, attempt, manifest, sources, target, root, ours: staged.length > 0, room, waivers };
}

/** What a package must contain, as the catalogue has it. */
export function loadManifest(
  q: Queryable,
  { id, name, size, checksum }: RawDataPackage,
): Manifest & { package: { size: number } } {
  return {
    package: { name, size, checksums: listOf(checksum) },
    async *files() {
      for await (const file of packageFiles(q, id)) yield { ...file, checksums: listOf(file.checksum) };
    },
  };
}

function listOf(checksum: Checksum | undefined): Checksum[] {
  return checksum === undefined ? [] : [checksum];
}
