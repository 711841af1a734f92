import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AmbiguousQueue, UnknownLocation } from "../../src/errors/location.ts";
import type { Database } from "../../src/opsdb/database.ts";
import { upsertLocation, upsertSite } from "../../src/opsdb/locations.ts";
import {
  discoverQueues,
  nearestName,
  queuesOfLocation,
  requireLocation,
  resolveQueue,
} from "../../src/queues/discover.ts";
import { seedLocations } from "../opsdb/sample-catalogue.ts";
import { startDatabases } from "../opsdb/test-database.ts";

async function processingAt(db: Database, shortName: string, name: string, active = true) {
  const site = await upsertSite(db, { name: shortName, shortName, location: "" });
  const kind = {
    locationType: "processing",
    storageType: "disk",
    priority: 0,
    host: undefined,
    path: "/data",
  } as const;
  return await upsertLocation(db, site.id, { name, active, ...kind });
}

suite("queues", async () => {
  const databases = await startDatabases(18);

  test("follow from the locations: one for each operation that a location's kind allows", async (t) => {
    const db = await databases.open(t);
    const { processing } = await seedLocations(db);
    await processingAt(db, "us", "closed", false);
    assert.deepEqual(await discoverQueues(db), [
      { queue: "cologne_ramses_processing_staging", site: processing.site, location: processing, operation: "staging" },
    ]);
    assert.equal((await queuesOfLocation(db, "ramses_processing"))[0]?.queue, "cologne_ramses_processing_staging");
    assert.deepEqual(await queuesOfLocation(db, "lta"), []);
  });

  test("are resolved by comparison, so that underscores in names mislead nobody", async (t) => {
    const db = await databases.open(t);
    await processingAt(db, "a", "b_c_staging");
    const inner = await processingAt(db, "a_b", "c");
    assert.equal((await resolveQueue(db, "a_b_c_staging"))?.location.id, inner.id);
    assert.equal((await resolveQueue(db, "a_b_c_staging_staging"))?.site.shortName, "a");
    assert.equal(await resolveQueue(db, "a_b_staging"), undefined);
    await processingAt(db, "a", "b_c");
    await assert.rejects(resolveQueue(db, "a_b_c_staging"), AmbiguousQueue);
  });

  test("of a location that does not exist: the known ones are listed, and the nearest is suggested", async (t) => {
    const db = await databases.open(t);
    await seedLocations(db);
    await assert.rejects(queuesOfLocation(db, "ramses_procesing"), (error) => {
      assert.ok(error instanceof UnknownLocation);
      assert.equal(error.code, "CDT-UNKNOWN-LOCATION");
      assert.deepEqual(error.facts, {
        name: "ramses_procesing",
        known: ["lta", "ramses_processing"],
        nearest: "ramses_processing",
      });
      return true;
    });
    await assert.rejects(
      requireLocation(db, "something else"),
      (error) => (error as UnknownLocation).facts.nearest === undefined,
    );
  });

  test("a name that is like none of the known ones is like none", () => {
    assert.equal(nearestName("RAMSES_processing", ["lta", "ramses_processing"]), "ramses_processing");
    assert.equal(nearestName("xyzzy", ["lta", "ramses_processing"]), undefined);
    assert.equal(nearestName("lto", ["lta"]), "lta");
    assert.equal(nearestName("lto", []), undefined);
  });
});
