import { mkdir, open, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sql from "sql-template-tag";
import type { DataLocation } from "../../src/model/location.ts";
import { insertPackage } from "../../src/opsdb/catalogue.ts";
import type { Database } from "../../src/opsdb/database.ts";
import { type BuiltPackage, buildPackage, type PackageOptions } from "./package.ts";

/** A package of the catalogue, whose tar lies in the archives that it names. */
export interface ArchivedPackage extends BuiltPackage {
  id: string;
  /** Name of its tar in every archive. */
  key: string;
}

export type ArchiveName = "lta" | "mirror";

/** The archives of a world, two folders on disk, and what may happen to what lies in them. */
export interface TestArchive {
  put<P extends readonly PackageOptions[]>(...packages: P): Promise<{ -readonly [K in keyof P]: ArchivedPackage }>;
  /** Takes bytes from the end of a package's tar. */
  truncate(damaged: ArchivedPackage, bytes: number, archive?: ArchiveName): Promise<void>;
  append(damaged: ArchivedPackage, bytes: number, archive?: ArchiveName): Promise<void>;
  /** Changes one bit at a place of the tar. */
  flip(damaged: ArchivedPackage, position: number, archive?: ArchiveName): Promise<void>;
  /** The tar is gone; the catalogue does not know. */
  remove(damaged: ArchivedPackage, archive?: ArchiveName): Promise<void>;
}

export async function createArchive(
  db: Database,
  folder: string,
  locations: Readonly<Record<ArchiveName, DataLocation>>,
): Promise<TestArchive> {
  let count = 0;
  const pathOf = ({ key }: ArchivedPackage, archive: ArchiveName) => join(folder, archive, key);
  for (const name of Object.keys(locations)) await mkdir(join(folder, name), { recursive: true });

  return {
    async put(...packages) {
      const put: ArchivedPackage[] = [];
      for (const options of packages) put.push(await putOne(options));
      return put as never;
    },
    async truncate(damaged, bytes, archive = "lta") {
      const path = pathOf(damaged, archive);
      await truncate(path, (await stat(path)).size - bytes);
    },
    async append(damaged, bytes, archive = "lta") {
      await writeFile(pathOf(damaged, archive), Buffer.alloc(bytes), { flag: "a" });
    },
    async flip(damaged, position, archive = "lta") {
      const file = await open(pathOf(damaged, archive), "r+");
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, position);
      await file.write(Buffer.of(buffer[0]! ^ 4), 0, 1, position);
      await file.close();
    },
    async remove(damaged, archive = "lta") {
      await rm(pathOf(damaged, archive));
    },
  };

  async function putOne(options: PackageOptions): Promise<ArchivedPackage> {
    const number = ++count;
    const built = await buildPackage(options, options.name ?? `package-${number}`, join(folder, `workshop-${number}`));
    const key = `raw/${number}.tar`;
    const [first, ...others] = built.archives.map((name) => locations[name]);
    const { id } = await db.transaction((tx) =>
      insertPackage(tx, {
        ...built.manifest.package,
        checksum: built.manifest.package.checksums[0],
        state: "archived",
        files: built.manifest.files.map((file) => ({ ...file, checksum: file.checksums[0] })),
        ...(first && { copy: { locationId: first.id, key } }),
      }),
    );
    for (const { id: locationId } of others) {
      await db.query(sql`
        INSERT INTO physical_copy (raw_data_package_id, data_location_id, key, status)
        VALUES (${id}, ${locationId}, ${key}, 'present')`);
    }
    for (const name of built.archives) {
      await mkdir(join(folder, name, "raw"), { recursive: true });
      await writeFile(join(folder, name, key), built.tar);
    }
    return { ...built, id, key };
  }
}
