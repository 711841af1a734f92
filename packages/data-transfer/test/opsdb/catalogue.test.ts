import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sql from "sql-template-tag";
import { DatabaseRefused } from "../../src/errors/database.ts";
import { AmbiguousLocation } from "../../src/errors/location.ts";
import { auditTrail } from "../../src/opsdb/audit.ts";
import { insertPackage, upsertInstrumentModule, upsertObservation } from "../../src/opsdb/catalogue.ts";
import { completeItem } from "../../src/opsdb/claim-ends.ts";
import type { Queryable } from "../../src/opsdb/database.ts";
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
        budget: undefined,
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
        (await Array.fromAsync(packageFiles(db, pack.id))).map(({ path }) => path),
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
      for (const name of ["neighbour", "another"]) await db.transaction((tx) => insertPackage(tx, { ...many, name }));
      const stream = packageFiles(db, pack.id);
      for (const pass of ["first", "second"]) {
        const found = await Array.fromAsync(stream);
        assert.deepEqual(
          found.toSorted((a, b) => a.size - b.size),
          files,
          pass,
        );
      }
    });

    test("files come as they are asked for: whoever stops early has asked for two pages at most", async (t) => {
      const db = await databases.open(t);
      await seedLocations(db);
      const files = Array.from({ length: 9000 }, (_, number) => ({ path: `${number}`, size: 1, checksum: undefined }));
      const { id } = await db.transaction((tx) =>
        insertPackage(tx, { name: "many", size: 5, checksum: undefined, state: "archived", files }),
      );
      const asked: string[] = [];
      const counted: Queryable = {
        query: (statement) => {
          asked.push(statement.text);
          return db.query(statement);
        },
      };
      for await (const { size } of packageFiles(counted, id)) {
        assert.equal(size, 1);
        break;
      }
      assert.equal(asked.length, 2);
      for (const text of asked) assert.match(text, /LIMIT/);
      const broken: Queryable = {
        query: (statement) =>
          asked.push("") > 4 ? Promise.reject(new Error("the network is away")) : db.query(statement),
      };
      await assert.rejects(Array.fromAsync(packageFiles(broken, id)), /the network is away/);
    });

    test("a catalogue's rows come in whatever signs they are written, from a stream as from a list", async (t) => {
      const db = await databases.open(t);
      await seedLocations(db);
      const paths = ["tab\there", "back\\slash", "line\nfeed", "\\N", "\\.", "ünï/😀", "return\r", " "];
      async function* stream() {
        for (const path of paths) yield { path, size: 2 ** 40, checksum: { algorithm: "a\tb", digest: "\\N" } };
      }
      const pack = await db.transaction((tx) =>
        insertPackage(tx, { name: "odd", size: 5, checksum: undefined, state: "archived", files: stream() }),
      );
      assert.equal(pack.fileCount, paths.length);
      const found = await Array.fromAsync(packageFiles(db, pack.id));
      assert.deepEqual(found.map(({ path }) => path).sort(), paths.toSorted());
      assert.deepEqual(found[0], { ...found[0], size: 2 ** 40, checksum: { algorithm: "a\tb", digest: "\\N" } });
    });

    test("one row that is refused leaves nothing of the package, and the connection is as good as before", async (t) => {
      const db = await databases.open(t, { poolSize: 2 });
      await seedLocations(db);
      const twice = Array.from({ length: 30_000 }, (_, i) => ({ path: `${i % 29_999}`, size: 1, checksum: undefined }));
      const insert = (files: typeof twice) =>
        db.transaction((tx) =>
          insertPackage(tx, { name: "p", size: 5, checksum: undefined, state: "archived", files }),
        );
      for (let i = 0; i < 3; i++) await assert.rejects(insert(twice), DatabaseRefused);
      assert.deepEqual(await findPackagesByNames(db, ["p"]), []);
      assert.equal((await insert(twice.slice(0, 25_000))).fileCount, 25_000);
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
