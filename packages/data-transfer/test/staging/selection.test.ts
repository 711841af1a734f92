import assert from "node:assert/strict";
import { test } from "node:test";
import sql from "sql-template-tag";
import { upsertObservation } from "../../src/opsdb/catalogue.ts";
import { requestStaging } from "../../src/staging/request.ts";
import { selectPackages } from "../../src/staging/selection.ts";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";

test("packages are found by name, by id and by observation, each once however often it is named", async (t) => {
  const { db, archive } = await startWorld(t);
  const [a, b, c] = await archive.put(aPackage({ name: "a" }), aPackage({ name: "b" }), aPackage({ name: "c" }));
  const observation = await upsertObservation(db, { name: "2026-11-22-orion" });
  await db.query(sql`UPDATE raw_data_package SET executed_obs_unit_id = ${observation} WHERE name IN ('b', 'c')`);
  const names = async (wanted: Parameters<typeof selectPackages>[1]) => {
    const { known, unknown } = await selectPackages(db, wanted);
    return { known: known.map(({ name }) => name).sort(), unknown };
  };

  assert.deepEqual(await names({ packages: ["a", a.id, " a ", "b"] }), { known: ["a", "b"], unknown: [] });
  assert.deepEqual(await names({ packages: [c.id, b.name], observation: "2026-11-22-orion" }), {
    known: ["b", "c"],
    unknown: [],
  });
  assert.deepEqual(await names({ packages: [], observation }), { known: ["b", "c"], unknown: [] });
  assert.deepEqual(await names({ packages: ["a", "x", "", "y", "x"], observation: "tomorrow" }), {
    known: ["a"],
    unknown: ["x", "y", "tomorrow"],
  });
});

test("a request of which nothing is known is refused, and leaves no job", async (t) => {
  const { db } = await startWorld(t);
  const options = { requester: "astrid", lifetime: 60, priority: 3, destination: "ramses_processing" };
  await assert.rejects(requestStaging(db, { ...options, packages: ["x", "y"] }), { code: "CDT-UNKNOWN-PACKAGE" });
  await assert.rejects(requestStaging(db, { ...options, packages: ["x"], destination: "lta" }), {
    code: "CDT-NOT-PROCESSING",
  });
  await assert.rejects(requestStaging(db, { ...options, packages: ["x"], destination: "ramses" }), {
    code: "CDT-UNKNOWN-LOCATION",
  });
  assert.deepEqual(await db.query(sql`SELECT * FROM staging_job`), []);
});
