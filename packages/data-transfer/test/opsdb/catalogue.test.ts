import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sql from "sql-template-tag";
import { AmbiguousLocation } from "../../src/errors/location.ts";
import { auditTrail } from "../../src/opsdb/audit.ts";
import { insertPackage, upsertInstrumentModule, upsertObservation } from "../../src/opsdb/catalogue.ts";
import { completeItem } from "../../src/opsdb/claim-ends.ts";
import {
  findLocation,
  listLocations,
  listSites,
  pauseLocation,
  upsertLocation,
  upsertSite,
} from "../../src/opsdb/locations.ts";
import {
  archiveCopies,
  findPackagesByIds,
  findPackagesByNames,
  findPackagesOfObservation,
  packageFiles,
  stagedFiles,
} from "../../src/opsdb/packages.ts";
import { archived, claimed, requested, seedLocations } from "./sample-catalogue.ts";
import { missing, startDatabases, versions } from "./test-database.ts";

for (const version of versions) {
  suite(`the catalogue on PostgreSQL ${version}`, missing(version), async () => {
    const databases = await startDatabases(version);

    test("locations come back as the kind that they are, however often they are seeded", async (t) => {
      const db = await databases.open(t);
      const { archive, processing } = await seedLocations(db);
      assert.deepEqual(await seedLocations(db), { archive, processing });
      const site = { id: archive.site.id, name: "Cologne", shortName: "cologne", location: "Germany" };
      assert.deepEqual(await listSites(db), [site]);
      const tape = await upsertLocation(db, site.id, {
        name: "vault",
        locationType: "long_term_archive",
        storageType: "tape",
        priority: 9,
        active: false,
        path: "/tape",
      });
      assert.deepEqual(await listLocations(db), [archive, processing, tape]);
      assert.deepEqual(archive, {
        id: archive.id,
        site,
        name: "lta",
        locationType: "long_term_archive",
        storageType: "s3",
        priority: 1,
        active: true,
        pauseMessage: undefined,
        endpoint: "https://archive.example:9000",
        bucket: "raw",
        prefix: "ccat/",
        region: "cologne",
      });
      assert.equal(tape.storageType === "tape" && tape.path, "/tape");
    });

    test("a location is found by its name, or by its site and name where the name is not enough", async (t) => {
      const db = await databases.open(t);
      const { archive } = await seedLocations(db);
      const us = await upsertSite(db, { name: "Cornell", shortName: "us", location: "USA" });
      assert.deepEqual(await findLocation(db, "lta"), archive);
      const { id: _, site: __, pauseMessage: ___, ...seed } = archive;
      const other = await upsertLocation(db, us.id, seed);
      await assert.rejects(findLocation(db, "lta"), AmbiguousLocation);
      assert.deepEqual(await findLocation(db, "us/lta"), other);
      assert.equal(await findLocation(db, "nowhere"), undefined);
    });

    test("a pause carries its message, and is in the audit trail", async (t) => {
      const db = await databases.open(t);
      const { processing } = await seedLocations(db);
      await db.transaction((tx) => pauseLocation(tx, processing.id, "until noon", "olga"));
      assert.equal((await findLocation(db, "ramses_processing"))?.pauseMessage, "until noon");
      await seedLocations(db);
      assert.equal((await findLocation(db, "ramses_processing"))?.pauseMessage, "until noon");
      const [event] = await auditTrail(db, `location:${processing.id}`);
      assert.deepEqual([event?.actor, event?.action], ["olga", "pause"]);
    });

    test("packages are found by name, id and observation; what does not exist is left out", async (t) => {
      const db = await databases.open(t);
      const catalogue = await seedLocations(db);
      const unit = await upsertObservation(db, { name: "OBS-1", startedAt: "2026-04-01T00:00:00Z" });
      const module = await upsertInstrumentModule(db, "CHAI", "LFA");
      assert.equal(await upsertInstrumentModule(db, "CHAI", "LFA"), module);
      const pack = await db.transaction((tx) =>
        insertPackage(tx, {
          name: "with-unit",
          size: 5,
          checksum: undefined,
          state: "waiting",
          executedObsUnitId: unit,
          instrumentModuleId: module,
          metadata: { obs_collection: "FYST" },
          files: [
            { path: "z.fits", size: 1, checksum: undefined },
            { path: "a/b.fits", size: 2, checksum: undefined },
          ],
        }),
      );
      const other = await archived(db, catalogue, "other");
      const names = ["with-unit", "other", "missing", "'; DROP TABLE site; --"];
      assert.deepEqual((await findPackagesByNames(db, names)).map(({ name }) => name).sort(), ["other", "with-unit"]);
      const ids = [other.id, "not-a-uuid", "00000000-0000-4000-8000-000000000000"];
      assert.deepEqual(await findPackagesByIds(db, ids), [other]);
      assert.deepEqual(await findPackagesOfObservation(db, "OBS-1"), [pack]);
      assert.deepEqual(await findPackagesOfObservation(db, unit), [pack]);
      assert.equal(await findPackagesOfObservation(db, "OBS-2"), undefined);
      assert.deepEqual(
        (await packageFiles(db, pack.id)).map(({ path }) => path),
        ["a/b.fits", "z.fits"],
      );
      assert.deepEqual([pack.checksum, pack.state, pack.fileCount], [undefined, "waiting", 2]);
    });

    test("all files of a package are found, however many pages they fill, also one whose path is empty", async (t) => {
      const db = await databases.open(t);
      await seedLocations(db);
      const digest = (number: number) => number.toString(16).padStart(16, "0");
      const files = Array.from({ length: 4000 }, (_, number) => ({
        path: number === 0 ? "" : `${number % 7}/file-${number}`,
        size: number,
        checksum: number % 2 === 0 ? undefined : { algorithm: "xxh64", digest: digest(number) },
      }));
      const many = { name: "many", size: 5, checksum: undefined, state: "archived", files } as const;
      const pack = await db.transaction((tx) => insertPackage(tx, many));
      const found = await packageFiles(db, pack.id);
      assert.deepEqual(
        found.toSorted((a, b) => a.size - b.size),
        files,
      );
    });

    test("sources are copies that are there, at archives in use, the preferred first", async (t) => {
      const db = await databases.open(t);
      const catalogue = await seedLocations(db);
      const near = await upsertLocation(db, catalogue.archive.site.id, {
        name: "near",
        locationType: "long_term_archive",
        storageType: "disk",
        priority: 0,
        active: true,
        host: undefined,
        path: "/archive",
      });
      const pack = await archived(db, catalogue, "p");
      const add = (locationId: number, status: string) =>
        db.query(sql`
        INSERT INTO physical_copy (raw_data_package_id, data_location_id, key, status) VALUES (${pack.id}, ${locationId}, 'k', ${status})`);
      await add(near.id, "deleted");
      const sources = async () => (await archiveCopies(db, [pack.id])).map(({ location }) => location.name);
      assert.deepEqual(await sources(), ["lta"]);
      await db.query(sql`UPDATE physical_copy SET status = 'present'`);
      assert.deepEqual(await sources(), ["near", "lta"]);
      await db.query(sql`UPDATE data_location SET active = false WHERE id = ${near.id}`);
      assert.deepEqual(await sources(), ["lta"]);
      assert.deepEqual(await archiveCopies(db, []), []);
    });

    test("a package of 50,000 files is catalogued and recorded as staged", async (t) => {
      const db = await databases.open(t, { statementTimeoutMs: 120_000 });
      const catalogue = await seedLocations(db);
      const pack = await archived(db, catalogue, "large", 50_000);
      assert.equal(pack.fileCount, 50_000);
      const { items } = await requested(db, catalogue, [pack]);
      const { claim } = await claimed(db, catalogue, items[0]!);
      await completeItem(db, claim, { alreadyThere: false, sourceCopyId: undefined });
      const files = await stagedFiles(db, [pack.id], catalogue.processing.id);
      assert.equal(files.length, 50_000);
      assert.deepEqual(files[0], {
        packageId: pack.id,
        packageName: "large",
        path: "night/scan-0.fits",
        size: 900,
        checksum: { algorithm: "xxh64", digest: "0000000000000000" },
        key: "staged/large/night/scan-0.fits",
      });
    });
  });
}
