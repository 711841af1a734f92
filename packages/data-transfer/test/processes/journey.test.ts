import assert from "node:assert/strict";
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { archivePackages, assertStaged, filesBelow, fillProduction, sourceOf, stagedAt } from "./packages.ts";
import { type Production, startProduction, startServers } from "./production.ts";

const options = { skip: without("redis-server", "openssl", "postgresql-15") };
const servers = options.skip ? undefined! : await startServers({ after }, { postgres: { version: 18, tls: true } });

suite("the program as separate processes on real servers", options, () => {
  test("from an empty database to staged data, as somebody types it who has just installed the program", async (t) => {
    const production = await startProduction(t, servers, { database: "empty" });
    const { run, start } = production;

    const early = await run(["stage", "list"]);
    assert.equal(early.code, 2);
    assert.match(early.stderr, /^error: schema ccat_data_transfer is not up to date: nothing of ours is in it yet \[/);
    assert.match(early.stderr, /\[CDT-NOT-MIGRATED\]\ntry: ccat_data_transfer db migrate\n$/);
    await makeDatabase(production);

    const archives = join(production.folder, "archives.toml");
    const archive = { site: "cologne", name: "lta", location_type: "long_term_archive", storage_type: "disk" };
    const entries = Object.entries({ ...archive, path: production.archive });
    await writeFile(archives, `[[location]]\n${entries.map(([key, value]) => `${key} = "${value}"`).join("\n")}\n`);
    assert.equal((await run(["db", "seed"])).code, 0);
    const seeded = await run(["db", "seed", "--file", archives]);
    assert.deepEqual([seeded.code, seeded.stdout], [0, "location cologne/lta: long_term_archive, disk\n"]);
    await archivePackages(production, { chai_lfa_0001: 3_000_000, chai_lfa_0002: 20_000_000, chai_lfa_0003: 0 });

    // Asked for before anybody is there to do it.
    const request = ["stage", "request", "chai_lfa_0001", "chai_lfa_0002", "chai_lfa_0003"];
    const asked = await run([...request, "--lifetime", "3d", "--priority", "3", "--requester", "maria"]);
    assert.deepEqual([asked.code, asked.stdout], [0, "1\n"]);
    assert.match(asked.stderr, /^job 1 is made; see: ccat_data_transfer stage progress 1 --follow\n$/);
    const waiting = (await run(["stage", "progress", "1", "--output", "json"])).json;
    assert.equal(waiting.job.requester, "maria");
    assert.deepEqual(
      waiting.items.map(({ status, place }: Record<string, unknown>) => [status, place]),
      [1, 2, 3].map((place) => ["pending", place]),
    );
    await assertStaged(production, []);

    // Two managers and two workers; a worker is named by its location, or by its queue.
    const services = await Promise.all([
      start(["manager", "--operations", "staging"]),
      start(["manager"]),
      start(["worker", "--location", "ramses_processing"]),
      start(["worker", "--queue", "cologne_ramses_processing_staging", "--concurrency", "1"]),
    ]);
    const followed = await run(["stage", "progress", "1", "--follow"]);
    assert.equal(followed.code, 0, followed.stderr);
    assert.match(followed.stdout, /^chai_lfa_0002 +completed +19\.1 MiB of 19\.1 MiB +1 +-$/m);
    assert.match(
      followed.stderr,
      /job 1 to cologne\/ramses_processing, asked by maria on .*: completed\n3 completed; /,
    );
    await assertStaged(production, ["chai_lfa_0001", "chai_lfa_0002", "chai_lfa_0003"]);

    await waitAndLook(production);
    await verifyAndRepair(production);
    await cancelAndRelease(production);
    assert.deepEqual(await Promise.all(services.map((service) => service.stop())), [0, 0, 0, 0]);
  });

  test("a plan changes nothing", async (t) => {
    const production = await startProduction(t, servers);
    await fillProduction(production, { one: 5000, two: 6000 });
    const { run } = production;
    const before = await everyRow(production);

    const plan = await run(["stage", "plan", "one", "two", "three"]);
    assert.equal(plan.code, 1);
    assert.match(plan.stdout, /^one +to stage +\S+ KiB +4 +cologne\/lta$/m);
    assert.match(plan.stdout, /^three +UNKNOWN +- +- +-$/m);
    assert.match(plan.stderr, /to cologne\/ramses_processing: .* to move; room: .* free\nexpected time: unknown/);
    const { json } = await run(["stage", "plan", "--observation", "2026-03-14-OU17", "--output", "json"]);
    assert.deepEqual(
      json.packages.map(({ name, state, path }: Record<string, string>) => [name, state, path]),
      ["one", "two"].map((name) => [name, "to_stage", stagedAt(production, name)]),
    );
    assert.ok(json.space_free > json.bytes_to_move && json.bytes_to_move === json.bytes);

    assert.deepEqual(await everyRow(production), before);
    await assertStaged(production, []);
  });

  test("what is more than may be staged unasked needs a yes, and where nobody can be asked it is refused", async (t) => {
    const production = await startProduction(t, servers);
    await fillProduction(production, { big: 3_000_000 });
    production.settings.staging__confirm_above = "1 MiB";
    const refused = await production.run(["stage", "request", "big"]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /^error: 2\.9 MiB are more than may be staged without being confirmed \[CDT-USAGE\]/);
    assert.match(refused.stderr, /\ntry: add --yes/);
    assert.deepEqual((await production.run(["stage", "list", "--output", "json"])).json, []);
    assert.equal((await production.run(["stage", "request", "big", "--yes"])).stdout, "1\n");
  });

  test("packages are named by a file, by an observation, or by both; each is staged once", async (t) => {
    const production = await startProduction(t, servers);
    await fillProduction(production, { one: 5000, two: 6000 });
    await archivePackages(production, { other: 1000 }, "2026-03-15-OU01");
    const { run } = production;
    const list = join(production.folder, "tonight.txt");
    await writeFile(list, "# for tonight\none\n\n  other   # and this\none\n");
    await run(["stage", "request", "--from-file", list, "--observation", "2026-03-14-OU17"]);
    const { items } = (await run(["stage", "progress", "1", "--output", "json"])).json;
    assert.deepEqual(items.map((item: { package: string }) => item.package).sort(), ["one", "other", "two"]);

    const unreadable = await run(["stage", "request", "--from-file", "nowhere.txt"]);
    assert.equal(unreadable.code, 2);
    assert.match(unreadable.stderr, /nowhere\.txt cannot be read: ENOENT \[CDT-USAGE\]/);
    const nothing = await run(["stage", "request"]);
    assert.match(
      nothing.stderr,
      /^error: no package is named \[CDT-USAGE\]\ntry: name packages, --observation <id> or/,
    );
    const unknown = await run(["stage", "request", "--observation", "2026-03-16-OU01"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /^error: .*2026-03-16-OU01 \[CDT-UNKNOWN-PACKAGE\]/);
  });

  test("a package that the catalogue does not know fails alone; it can be tried again once it is there", async (t) => {
    const production = await startProduction(t, servers);
    await fillProduction(production, { good: 5000 });
    const { run, start } = production;
    await Promise.all([start(["manager"]), start(["worker", "--location", "ramses_processing"])]);

    const asked = await run(["stage", "request", "good", "late", "--wait"]);
    assert.equal(asked.code, 1);
    assert.match(asked.stderr, /^the catalogue knows no package late: its item has failed \[CDT-UNKNOWN-PACKAGE\]$/m);
    assert.match(asked.stdout, /^good +completed/m);
    assert.match(asked.stdout, /^late +failed +- +0 +\[CDT-UNKNOWN-PACKAGE\] the catalogue knows no package late$/m);
    assert.doesNotMatch(asked.stderr, /late: 100%/);
    assert.deepEqual([(await run(["stage", "retry", "1"])).code, (await run(["stage", "wait", "1"])).code], [0, 1]);

    await archivePackages(production, { late: 7000 });
    assert.match((await run(["stage", "retry", "1"])).stdout, /^job 1: items tried again: 1$/m);
    const waited = await run(["stage", "wait", "1", "--timeout", "5min", "--output", "json"]);
    assert.deepEqual([waited.code, waited.json.job.status], [0, "completed"]);
    await assertStaged(production, ["good", "late"]);
  });
});

test("the same on PostgreSQL 15 without TLS, which Debian 12 has", options, async (t) => {
  const production = await startProduction(t, await startServers(t, { postgres: { version: 15 } }), {
    database: "empty",
  });
  await makeDatabase(production);
  await fillProduction(production, { one: 5000, two: 2_000_000 });
  const { run, start } = production;
  await Promise.all([start(["manager"]), start(["worker", "--location", "cologne/ramses_processing"])]);
  const ran = await run(["stage", "request", "one", "two", "--wait", "--output", "json"]);
  assert.deepEqual([ran.code, ran.json.counts.completed], [0, 2]);
  await assertStaged(production, ["one", "two"]);
});

async function makeDatabase({ run }: Production): Promise<void> {
  const before = await run(["db", "status"]);
  assert.equal(before.code, 1);
  assert.match(before.stderr, /is at version 0, .*\nversion \d+ is needed: ccat_data_transfer db migrate\n$/);
  const migrated = await run(["db", "migrate"]);
  assert.equal(migrated.code, 0, migrated.stderr);
  assert.match(migrated.stdout, /^schema ccat_data_transfer is at version \d+: applied catalogue, /);
  assert.match((await run(["db", "migrate"])).stdout, /: nothing to do$/m);
  const status = await run(["db", "status", "--output", "json"]);
  assert.deepEqual([status.code, status.json.problems], [0, []]);
  const inspected = await run(["db", "inspect"]);
  assert.deepEqual([inspected.code, inspected.stdout], [0, "no differences\n"]);
}

/** What a batch script asks when its job may have ended. */
async function waitAndLook(production: Production): Promise<void> {
  const { run } = production;
  const names = ["chai_lfa_0001", "chai_lfa_0002", "chai_lfa_0003"];
  const waited = await run(["stage", "wait", "1", "--output", "json"]);
  assert.deepEqual([waited.code, waited.json.job.status, waited.json.counts.completed], [0, "completed", 3]);
  assert.equal(waited.stderr, "");

  const paths = await run(["stage", "info", "--job", "1"]);
  const expected = (await Promise.all(names.map((name) => filesBelow(sourceOf(production, name))))).flatMap(
    (files, index) => files.map((file) => join(stagedAt(production, names[index]!), file)),
  );
  assert.deepEqual(paths.stdout.trim().split("\n").sort(), expected.sort());
  const [info] = (await run(["stage", "info", "chai_lfa_0001", "--output", "json"])).json;
  const days = (Date.parse(info.expires_at) - Date.parse(info.verified_at)) / 86_400_000;
  assert.equal(Math.round(days), 3);
  for (const { path, size } of info.files) assert.equal((await readFile(path)).length, size);

  const again = await run(["stage", "request", "chai_lfa_0001", "--wait", "--output", "json"]);
  assert.deepEqual([again.code, again.json.items[0].already_there], [0, true]);
  assert.deepEqual(
    (await run(["stage", "list", "--output", "json"])).json.map((job: { id: number }) => job.id),
    [2, 1],
  );
}

/** Verification finds what somebody broke; a new request puts it right, and keeps what was there. */
async function verifyAndRepair(production: Production): Promise<void> {
  const { run } = production;
  const intact = await run(["stage", "verify", "chai_lfa_0001", "chai_lfa_0002"]);
  assert.equal(intact.code, 0, intact.stderr);
  const victim = join(stagedAt(production, "chai_lfa_0001"), "raw", "scan-0.fits");
  const bytes = await readFile(victim);
  bytes[7] = bytes[7]! ^ 1;
  await writeFile(victim, bytes);
  const damaged = await run(["stage", "verify", "chai_lfa_0001", "chai_lfa_0002"]);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stdout, /^chai_lfa_0001 +DAMAGED +3 +1 +raw\/scan-0\.fits \(checksum\)$/m);
  assert.match(damaged.stdout, /^chai_lfa_0002 +intact +4 +0 +-$/m);

  const repaired = await run(["stage", "request", "chai_lfa_0001", "--wait", "--output", "json"]);
  assert.deepEqual([repaired.code, repaired.json.items[0].already_there], [0, false]);
  assert.equal((await run(["stage", "verify", "chai_lfa_0001"])).code, 0);
  const kept = join(production.root, "staged", ".quarantine-chai_lfa_0001-1", "raw", "scan-0.fits");
  assert.ok((await readFile(kept)).equals(bytes));
}

async function cancelAndRelease({ run, root }: Production): Promise<void> {
  assert.equal((await run(["location", "pause", "ramses_processing", "the file system is moved"])).code, 0);
  const asked = await run(["stage", "request", "chai_lfa_0003"]);
  const job = asked.stdout.trim();
  const waited = await run(["stage", "wait", job, "--timeout", "1s"]);
  assert.equal(waited.code, 2);
  assert.match(waited.stderr, /error: job \d+ has not ended within 1 s; it goes on \[CDT-STILL-RUNNING\]\n/);
  const cancelled = await run(["stage", "cancel", job]);
  assert.match(cancelled.stdout, /^job \d+: cancelled while waiting: 1; being stopped on their way: 0$/m);
  const after = await run(["stage", "progress", job]);
  assert.equal(after.code, 1);
  assert.match(after.stdout, /^chai_lfa_0003 +failed .*\[CDT-CANCELLED\] cancelled by /m);
  assert.equal((await run(["location", "resume", "ramses_processing"])).code, 0);

  const released = await run(["stage", "release", "1", "--output", "json"]);
  const over = released.json.copies.filter((copy: { expires_at: string }) => Date.parse(copy.expires_at) <= Date.now());
  // The first package is wanted for longer by another job.
  assert.deepEqual([released.code, released.json.copies.length, over.length], [0, 3, 2]);
  await access(join(root, "staged", "chai_lfa_0002"));

  const unknown = await run(["stage", "release", "99"]);
  assert.equal(unknown.code, 2);
  assert.match(
    unknown.stderr,
    /^error: there is no staging job 99 \[CDT-UNKNOWN-JOB\]\ntry: ccat_data_transfer stage list\n$/,
  );
}

/** Every row of every table of ours, as text. */
async function everyRow({ db, postgres, settings }: Production): Promise<string[]> {
  const database = settings.database__name!;
  const tables = await postgres.query<{ name: string }>(
    "SELECT relname AS name FROM pg_stat_user_tables WHERE schemaname = $1 ORDER BY 1",
    [db.schema],
    database,
  );
  assert.ok(tables.length > 5);
  const rows = tables.map(({ name }) =>
    postgres.query<{ row: string }>(`SELECT t::text AS row FROM ${db.schema}.${name} t ORDER BY 1`, [], database),
  );
  return (await Promise.all(rows)).flatMap((found, index) => found.map(({ row }) => `${tables[index]!.name} ${row}`));
}
