import assert from "node:assert/strict";
import { chmod, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { pino } from "pino";
import sql from "sql-template-tag";
import type { Scope } from "../../../../testing/scope.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { privateName, sumsDraftName } from "../../src/bundle/private-names.ts";
import { publish } from "../../src/bundle/publish.ts";
import { PathOutsideRoot, TakenOver } from "../../src/errors/destination.ts";
import type { Status } from "../../src/model/status.ts";
import { completeItem, failItem, releaseItem } from "../../src/opsdb/claim-ends.ts";
import { expireClaims } from "../../src/opsdb/sweep.ts";
import { judge, removeLeftovers } from "../../src/staging/leftovers.ts";
import { archived, claimed, requested, seedLocations } from "../opsdb/sample-catalogue.ts";
import { missing, startDatabases, versions } from "../opsdb/test-database.ts";
import { lastFirst } from "../world/cleaning.ts";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";
import { until } from "../world/until.ts";

const keepPartial = 3600;
const done = { alreadyThere: false, sourceCopyId: undefined };
const fault = { reason: "transient", code: "CDT-TEST", text: "the network was away" } as const;

async function place(scope: Scope) {
  const root = await temporaryDirectory(scope);
  const folder = join(root, "location", "staged");
  await mkdir(folder, { recursive: true });
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: undefined }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const fill = async (name: string, files = 3) => {
    await mkdir(join(folder, name, "night", "deep"), { recursive: true, mode: 0o700 });
    for (let i = 0; i < files; i++) await writeFile(join(folder, name, "night", "deep", `${i}`), "ten bytes.");
  };
  return { root, folder, log, lines, fill, names: async () => (await readdir(folder)).sort() };
}

test("what becomes of a directory follows from the item's state and its latest attempt", () => {
  const at = (status: Status, attempt: number, secondsIdle = 10) => [{ itemId: 7, status, attempt, secondsIdle }];
  const say = (standings: ReturnType<typeof at>, mine: number, ...others: number[]) =>
    judge(
      { item: 7, attempt: mine },
      [mine, ...others].map((attempt) => ({ item: 7, attempt })),
      standings,
      keepPartial,
    );
  for (const status of ["completed", "failed"] as const) {
    assert.equal(say(at(status, 3), 3), "remove", status);
    assert.equal(say(at(status, 3), 1, 2), "remove", status);
    assert.equal(say(at(status, 3), 4), "keep", "an attempt that the database does not know");
  }
  assert.equal(say(at("in_progress", 3), 3), "keep", "it lives");
  assert.equal(say(at("in_progress", 3, 9 * keepPartial), 3), "keep", "it lives, however long it takes");
  assert.equal(say(at("in_progress", 3), 2, 3), "remove", "the living one has its own");
  assert.equal(say(at("in_progress", 3), 2), "keep", "the living one may be about to take it over");
  assert.equal(say(at("in_progress", 3), 1, 2), "remove");
  for (const status of ["pending", "scheduled"] as const) {
    assert.equal(say(at(status, 3), 3), "keep", "the next one goes on from there");
    assert.equal(say(at(status, 3), 2, 3), "remove");
  }
  assert.equal(say(at("pending", 3, keepPartial + 1), 3), "remove", "nobody has come for long");
  assert.equal(say(at("scheduled", 3, keepPartial + 1), 3), "keep", "somebody is about to come");
  assert.equal(judge({ item: 8, attempt: 1 }, [], at("failed", 3), keepPartial), "keep", "somebody else's item");
});

for (const version of versions) {
  suite(`leftovers, asked of PostgreSQL ${version}`, missing(version), async () => {
    const databases = await startDatabases(version);

    test("the dead's are removed, the living's and the waiting's stay, and so does all that is not ours", async (t) => {
      const scope = lastFirst(t);
      const db = await databases.open(scope);
      const { root, folder, log, lines, fill, names } = await place(scope);
      const catalogue = await seedLocations(db);
      const packages = [];
      for (let i = 0; i < 5; i++) packages.push(await archived(db, catalogue, `p${i}`));
      const { items } = await requested(db, catalogue, packages);
      const claims = [];
      for (const item of items) claims.push((await claimed(db, catalogue, item, { leaseSeconds: 60 })).claim);
      const [completed, failed, pending, forgotten, alive] = claims.map((claim) => claim.item.id) as [
        ...[number, number, number, number, number],
      ];
      await completeItem(db, claims[0]!, done);
      await failItem(db, claims[1]!, fault);
      for (const claim of [claims[2]!, claims[3]!]) await releaseItem(db, claim, { to: "pending", ...fault });
      await db.query(sql`
        UPDATE staging_item SET attempt_ended_at = now() - make_interval(secs => ${keepPartial + 60})
        WHERE id = ${forgotten}`);
      for (const item of [completed, failed, pending, forgotten, alive]) await fill(privateName(item, 1));
      for (const item of [completed, failed, pending, alive]) await writeFile(join(folder, sumsDraftName(item, 1)), "");
      await fill(".staging-removed-9-1-0123abcd");
      await writeFile(join(folder, ".staging-probe-0123456789abcdef"), "");
      // The doctor's is a directory.
      await mkdir(join(folder, ".staging-probe-fedcba9876543210.seen"));
      await writeFile(join(folder, ".staging-probe-fedcba9876543210.seen", "file"), "x");
      const others = [
        ...[
          "a-package",
          ".staging-987654-1",
          `.staging-${failed}`,
          `.staging-${failed}-1.old`,
          `x.staging-${failed}-1`,
        ],
        ...[
          ".staging-removed-mine",
          ".staging-sums-987654-1",
          ".staging-sums-mine",
          ".quarantine-a-package-1",
          ".staging-probe-mine",
        ],
      ];
      for (const name of others) await fill(name);

      const removed = await removeLeftovers({
        ...{ db, folder, root, keepPartial, signal: new AbortController().signal, log },
      });
      assert.deepEqual(removed, { files: 12, bytes: 120 });
      assert.deepEqual(
        await names(),
        [...others, privateName(pending, 1), privateName(alive, 1), sumsDraftName(alive, 1)].sort(),
      );
      assert.deepEqual(
        lines.map(({ item, attempt, files, bytes }) => [item, attempt, files, bytes]).sort(),
        [completed, failed, forgotten, 9].map((item) => [item, 1, 3, 30]).sort(),
      );
    });

    test("a worker that died is waited for: what it has is kept while its item waits, and goes when that has ended", async (t) => {
      const scope = lastFirst(t);
      const db = await databases.open(scope);
      const { root, folder, log, fill, names } = await place(scope);
      const catalogue = await seedLocations(db);
      const { items } = await requested(db, catalogue, [await archived(db, catalogue, "p")]);
      const item = items[0]!;
      const sweep = () => removeLeftovers({ db, folder, root, keepPartial, signal: new AbortController().signal, log });
      await claimed(db, catalogue, item, { leaseSeconds: -60 });
      await fill(privateName(item.id, 1));
      await sweep();
      assert.deepEqual(
        await names(),
        [privateName(item.id, 1)],
        "the claim is over, and nobody has taken the item back",
      );
      await expireClaims(db, { graceSeconds: 0, maxFailures: 5 });
      await sweep();
      assert.deepEqual(await names(), [privateName(item.id, 1)], "the next attempt goes on from there");
      const { claim } = await claimed(db, catalogue, item);
      await sweep();
      assert.deepEqual(await names(), [privateName(item.id, 1)], "it may be about to");
      await fill(privateName(item.id, 2));
      await sweep();
      assert.deepEqual(await names(), [privateName(item.id, 2)], "it has its own");
      await failItem(db, claim, fault);
      await sweep();
      assert.deepEqual(await names(), []);
    });
  });
}

suite("sweeping", async () => {
  const databases = await startDatabases(18);

  async function failedItem(scope: Scope) {
    const db = await databases.open(scope);
    const catalogue = await seedLocations(db);
    const { items } = await requested(db, catalogue, [await archived(db, catalogue, "p")]);
    const { claim } = await claimed(db, catalogue, items[0]!);
    await failItem(db, claim, fault);
    return { db, name: privateName(claim.item.id, 1) };
  }

  test("follows no link, removes what nobody may enter, and stops when it is told to", async (t) => {
    const scope = lastFirst(t);
    const { db, name } = await failedItem(scope);
    const { root, folder, log, fill, names } = await place(scope);
    const elsewhere = await place(scope);
    await elsewhere.fill("treasure");
    await fill(name, 1000);
    await symlink(elsewhere.folder, join(folder, name, "link"));
    await symlink(elsewhere.folder, join(folder, ".staging-removed-1-1-00000000"));
    await mkdir(join(folder, name, "shut"));
    await writeFile(join(folder, name, "shut", Buffer.from([0x66, 0xff]).toString("latin1")), "");
    await chmod(join(folder, name, "shut"), 0);

    const stopping = new AbortController();
    const options = { db, folder, root, keepPartial, log };
    const stopped = removeLeftovers({ ...options, signal: stopping.signal });
    await until("it has begun", async () =>
      (await names()).some((one) => /^\.staging-removed-\d+-1-(?!0{8})/.test(one)),
    );
    stopping.abort();
    await assert.rejects(stopped, { name: "AbortError" });
    await removeLeftovers({ ...options, signal: new AbortController().signal });
    assert.deepEqual(await names(), []);
    assert.deepEqual(await readdir(elsewhere.folder), ["treasure"]);
    assert.equal((await readdir(join(elsewhere.folder, "treasure", "night", "deep"))).length, 3);

    await symlink(folder, join(root, "led-astray"));
    const astray = removeLeftovers({
      ...{ ...options, folder: join(root, "led-astray"), signal: new AbortController().signal },
    });
    await assert.rejects(astray, PathOutsideRoot);
    const nowhere = { ...options, folder: join(root, "nowhere"), signal: new AbortController().signal };
    assert.deepEqual(await removeLeftovers(nowhere), { files: 0, bytes: 0 });
  });

  test("takes the directory away before it removes anything: who wakes up then can publish nothing", async (t) => {
    const scope = lastFirst(t);
    const { db, name } = await failedItem(scope);
    const { root, folder, log, fill, names } = await place(scope);
    await fill(name, 400);
    const signal = new AbortController().signal;
    const swept = removeLeftovers({ db, folder, root, keepPartial, signal, log });
    await until("it has begun", async () => (await names()).every((one) => one.startsWith(".staging-removed-")));
    await assert.rejects(
      publish(join(folder, name), [join(folder, name)], join(folder, "p"), { dir: 0o750, gid: undefined }),
      TakenOver,
    );
    await swept;
    assert.deepEqual(await names(), []);
  });

  test("is what a worker does at its start and every so often, at the places that it serves; and who waits for room is woken", async (t) => {
    const world = await startWorld(t, { settings: { "staging.leftover_interval": "200ms" } });
    const [one] = await world.archive.put(aPackage());
    await world.request([one]);
    await world.startWorker({ serves: ["ramses_processing"] });
    await world.workUntilIdle();
    const item = await world.item(one);
    await mkdir(join(world.staged, privateName(item.id, 1)));
    await writeFile(join(world.staged, privateName(item.id, 1), "half"), "a file");
    await until(
      "it was removed",
      async () => !(await readdir(world.staged)).some((name) => name.startsWith(".staging-")),
    );
    await world.expect({ staged: [one], leftOver: "nothing" });
  });
});
