/** `db sample`: data to try staging with, in an archive and a catalogue that may hold other data. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import type { Scope } from "../../../../testing/scope.ts";
import type { S3DataLocation } from "../../src/model/location.ts";
import { insertPackage, upsertObservation } from "../../src/opsdb/catalogue.ts";
import { findLocation } from "../../src/opsdb/locations.ts";
import { findPackagesByNames } from "../../src/opsdb/packages.ts";
import { filesBelow, seedLocations, stagedAt } from "./packages.ts";
import { startProduction, startServers } from "./production.ts";
import { startWritableArchive } from "./writable-s3.ts";

const options = { skip: without("redis-server", "openssl") };
const servers = options.skip ? undefined! : await startServers({ after });

const names = [
  "sample_CHAI_LFA_GEco_NGC253_0001",
  "sample_CHAI_HFA_GEco_NGC253_0001",
  "sample_CHAI_LFA_Cal_Mars_0002",
  "sample_PrimeCam_mod280_DSS_E-CDF-S_0003",
];
const [first, , mars] = names as [string, string, string, string];
const sample = ["db", "sample", "cologne/lta"];

suite("sample data in an archive and a catalogue", options, () => {
  test("a worker stages what was put there; doing it again changes nothing", async (t) => {
    const { production, store } = await prepare(t);
    const { run, start } = production;
    const made = await run(sample);
    assert.deepEqual([made.code, made.stdout], [0, names.map((name) => `${name}\n`).join("")], made.stderr);
    assert.equal(made.stderr.split("\n").length, 5, made.stderr);
    assert.equal(made.stderr.match(/: 4 files, .*; archive: added; catalogue: added$/gm)?.length, 4, made.stderr);
    assert.deepEqual(
      [...store.objects.keys()],
      names.map((name) => `${name}.tar`),
    );

    await Promise.all([start(["manager"]), start(["worker", "--location", "ramses_processing"])]);
    const observation = ["--observation", "sample_GEco_NGC253_0001"];
    const asked = await run(["stage", "request", ...observation, mars, "--wait", "--output", "json"]);
    assert.deepEqual([asked.code, asked.json.counts.completed], [0, 3], asked.stderr);
    const verified = await run(["stage", "verify", first, mars]);
    assert.equal(verified.code, 0, verified.stdout);
    assert.equal(verified.stdout.match(/ intact +4 +0/g)?.length, 2, verified.stdout);
    const files = await filesBelow(stagedAt(production, mars));
    assert.equal(files.length, 4);
    for (const file of files) {
      const head = (await readFile(join(stagedAt(production, mars), file))).subarray(0, 80).toString();
      assert.match(head, /^SIMPLE {2}= +T/);
    }

    const before = new Map(store.objects);
    const rows = await findPackagesByNames(production.db, names);
    const again = await run([...sample, "--output", "json"]);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(
      again.json.packages.map(({ name, archive, catalogue }: Record<string, unknown>) => [name, archive, catalogue]),
      names.map((name) => [name, "was there", "was there"]),
    );
    assert.equal(store.puts.length, 4);
    assert.deepEqual(store.objects, before);
    assert.deepEqual(await findPackagesByNames(production.db, names), rows);
  });

  test("what an interrupted one has left is gone on with", async (t) => {
    const { production, store } = await prepare(t);
    const [, second] = names;
    store.silentAfter = (key) => key === `${second}.tar`;
    const interrupted = await production.run(sample);
    assert.equal(interrupted.code, 2);
    assert.match(interrupted.stderr, /\[CDT-SOURCE-UNREACHABLE\]/);
    assert.equal(store.objects.size, 2);
    assert.equal((await findPackagesByNames(production.db, names)).length, 1);

    store.silentAfter = () => false;
    const again = await production.run([...sample, "--output", "json"]);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(
      again.json.packages.map(({ archive, catalogue }: Record<string, unknown>) => [archive, catalogue]),
      [
        ["was there", "was there"],
        ["was there", "added"],
        ["added", "added"],
        ["added", "added"],
      ],
    );
  });

  test("an object that appears between the look and the writing is not replaced", async (t) => {
    const { production, store } = await prepare(t);
    const foreign = Buffer.from("somebody was quicker");
    store.beforePut = (key) => void store.objects.set(key, foreign);
    const refused = await production.run(sample);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /lies in s3:.* already, with other content \[CDT-SAMPLE\]/);
    assert.deepEqual([...store.objects], [[`${first}.tar`, foreign]]);
    assert.deepEqual(await findPackagesByNames(production.db, names), []);
  });

  test("nothing is written where another object lies in the archive under one of the names", async (t) => {
    const { production, store } = await prepare(t);
    const foreign = Buffer.from("somebody else's");
    store.objects.set(`${mars}.tar`, foreign);
    const refused = await production.run(sample);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, new RegExp(`${mars}.tar lies in s3:.* already, with other content \\[CDT-SAMPLE\\]`));
    assert.deepEqual([...store.objects], [[`${mars}.tar`, foreign]]);
    assert.deepEqual(store.puts, []);
    assert.deepEqual(await findPackagesByNames(production.db, names), []);
  });

  test("nothing is written where the catalogue has another package, or an observation, of one of the names", async (t) => {
    const { production, store } = await prepare(t);
    const { db, run } = production;
    const unit = await upsertObservation(db, { name: "sample_Cal_Mars_0002", startedAt: "2020-01-01T00:00:00Z" });
    const taken = await run(sample);
    assert.match(taken.stderr, /sample_Cal_Mars_0002 is an observation already, with nobody's packages \[CDT-SAMPLE\]/);
    const theirs = { size: 1024, checksum: undefined, state: "archived", files: [] } as const;
    await db.transaction((tx) => insertPackage(tx, { ...theirs, name: "theirs", executedObsUnitId: unit }));
    const used = await run(sample);
    assert.match(used.stderr, /sample_Cal_Mars_0002 is an observation already, with the package theirs \[CDT-SAMPLE\]/);
    const other = await db.transaction((tx) => insertPackage(tx, { ...theirs, name: first }));
    const known = await run(sample);
    assert.match(known.stderr, new RegExp(`${first} is in the catalogue already, with other content \\[CDT-SAMPLE\\]`));
    assert.deepEqual([taken.code, used.code, known.code], [2, 2, 2]);
    assert.deepEqual(store.puts, []);
    assert.deepEqual(await findPackagesByNames(db, names), [other]);
  });

  test("a sample that lies in one archive is not catalogued for another", async (t) => {
    const { production, store } = await prepare(t);
    const { db, run, settings } = production;
    assert.equal((await run(sample)).code, 0);
    const lta = (await findLocation(db, "cologne/lta")) as S3DataLocation;
    await seedLocations(production, [{ ...lta, name: "second", prefix: "raw data/second/" }]);
    settings.s3__cologne_second__access_key = settings.s3__cologne_lta__access_key;
    settings.s3__cologne_second__secret_key = settings.s3__cologne_lta__secret_key;
    const refused = await run(["db", "sample", "cologne/second"]);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      new RegExp(`${first} is in the catalogue already, and not in second \\[CDT-SAMPLE\\]`),
    );
    assert.equal(store.puts.length, 4);
  });

  test("a place that is no S3 archive, keys that are missing, and an endpoint that nobody allowed are refused", async (t) => {
    const { production, store } = await prepare(t);
    const { run } = production;
    const place = await run(["db", "sample", "ramses_processing"]);
    assert.match(place.stderr, /cologne\/ramses_processing is no S3 archive/);
    const keys = await run(sample, { settings: { s3__cologne_lta__secret_key: undefined } });
    assert.match(keys.stderr, /\[CDT-CREDENTIALS-MISSING\]/);
    const endpoint = await run(sample, { settings: { storage__allowed_endpoints: '["https://elsewhere.example"]' } });
    assert.match(endpoint.stderr, /\[CDT-ENDPOINT-NOT-ALLOWED\]/);
    assert.deepEqual([place.code, keys.code, endpoint.code], [2, 2, 2]);
    assert.deepEqual(store.puts, []);
  });
});

async function prepare(t: Scope) {
  const production = await startProduction(t, servers);
  return { production, store: await startWritableArchive(t, production) };
}
