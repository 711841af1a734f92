import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { mountSmallDisk, withoutMounting } from "../../../../testing/small-disk.ts";
import { checks } from "../../src/checks/checks.ts";
import { main } from "../../src/cli/main.ts";
import { findLocation, pauseLocation, resumeLocation } from "../../src/opsdb/locations.ts";
import { surroundings } from "../cli/surroundings.ts";
import { archiveOnDisk, queue, seedLocations } from "../processes/packages.ts";
import { redisName, startProduction, startServers } from "../processes/production.ts";
import { lastFirst } from "../world/cleaning.ts";
import { checkUp } from "./checkup.ts";

const options = { skip: without("redis-server", "openssl") || withoutMounting() };
const days = { serverDays: 90, clientDays: 90 };
const servers = options.skip
  ? undefined!
  : await startServers({ after }, { redis: { tls: { serverNames: [redisName], ...days } }, postgres: { tls: days } });

test(
  "where everything is as it should be every check is good, in all three forms, and nothing stays behind",
  options,
  async (t) => {
    const scope = lastFirst(t);
    const production = await startProduction(scope, servers);
    await mountSmallDisk(scope, production.root, 16 << 20);
    await seedLocations(production, []);
    await production.start(["worker", "--location", "ramses_processing"]);

    const well = await checkUp(production);
    assert.equal(well.code, 0);
    assert.deepEqual(well.ids("warning", "failure", "not-run", "skipped"), []);
    assert.equal(well.found.size, checks.length);
    well.says("redis-reachable", "ok", new RegExp(`^at 127.0.0.1:${servers.redis.port}$`));
    well.says("redis-identity", "ok", new RegExp(`^as ${redisName}$`));
    well.says("database-tls", "ok", /^sslmode verify-full$/);
    well.says("queue-known", "ok", new RegExp(`^${queue}$`));
    well.says("queue-consumed", "ok", /^1 worker$/);
    well.says("storage-mounted", "ok", new RegExp(`^tmpfs of tmpfs at ${production.root}$`));
    well.says("storage-writable", "ok", /^uid \d+, gid \d+$/);

    const table = await production.run(["doctor"]);
    assert.deepEqual([table.code, table.stderr], [0, ""]);
    assert.match(table.stdout, /^settings\n--------\n√ the settings can be used \(environment production\)\n/);
    assert.match(table.stdout, new RegExp(`\n\n√ fit for work: ${checks.length} ok\n$`));
    assert.ok(!table.stdout.includes("\u001b"), "no colours where there is no terminal");
    const short = await production.run(["doctor", "--short"]);
    assert.deepEqual([short.code, short.stdout, short.stderr], [0, "", ""]);

    const left = (await readdir(production.root, { recursive: true })).filter((name) => /probe/.test(name));
    assert.deepEqual(left, []);
    const keys = await servers.redis.cli("-n", production.settings.redis__db!, "KEYS", "*");
    assert.doesNotMatch(keys, /examination|celery-task-meta/);
  },
);

test(
  "queues: not in the database, not consumed, paused; and what is about to come is waited for",
  options,
  async (t) => {
    const scope = lastFirst(t);
    const production = await startProduction(scope, servers);
    await mountSmallDisk(scope, production.root, 16 << 20);
    const args = ["--category", "queue"];

    const empty = await checkUp(production, args);
    empty.says("queue-known", "failure", /^nothing is staged/);
    empty.says("queue-consumed", "not-run", /^queue-known has failed$/);
    assert.equal(empty.code, 1);

    await seedLocations(production, [archiveOnDisk(production)]);
    const unserved = await checkUp(production, args);
    unserved.says("queue-consumed", "failure", new RegExp(`^nobody consumes ${queue}$`));
    assert.equal(unserved.found.get("queue-consumed")?.help?.includes("ccat_data_transfer worker"), true);

    const misspelt = await checkUp(production, [...args, "--location", "ramses_procesing"]);
    misspelt.says("queue-known", "failure", /did you mean ramses_processing\?/, "CDT-UNKNOWN-LOCATION");
    const archive = await checkUp(production, [...args, "--location", "lta"]);
    archive.says("queue-known", "failure", /^nothing is staged/);

    const { db } = production;
    const location = await findLocation(db, "cologne/ramses_processing");
    await pauseLocation(db, location!.id, "until Friday", "test");
    (await checkUp(production, args)).says(
      "queue-open",
      "warning",
      /^cologne\/ramses_processing is paused: until Friday$/,
    );
    await resumeLocation(db, location!.id, "test");

    // The worker is started when the doctor already waits for it.
    const waiting = checkUp(production, [...args, "--wait", "110s"]);
    await production.start(["worker", "--location", "ramses_processing"]);
    const served = await waiting;
    served.says("queue-consumed", "ok", /^1 worker$/);
    assert.equal(served.code, 0);

    const people = await production.run(["doctor", ...args, "--location", "nowhere", "--wait", "1s"]);
    assert.match(people.stderr, /^waiting for queue-known: there is no location "nowhere".*\n$/);
    assert.match(people.stdout, /\n× not fit for work: 1 failed/);
  },
);

test("settings that cannot be used are a finding as well, with the same document", options, async (t) => {
  const production = await startProduction(t, servers);
  const broken = await checkUp(production, [], { redis__port: "many", database__user: "@none" });
  broken.says("settings-valid", "failure", /REDIS__PORT: redis\.port: found the text "many"/, "CDT-SETTINGS");
  broken.says("settings-valid", "failure", /database\.user: found/);
  assert.equal(broken.ids("not-run").length, checks.length - 1);
  assert.equal(broken.found.size, checks.length);

  const odd = await checkUp(production, ["--category", "settings"], { nonsense: "1" });
  odd.says("settings-valid", "ok", /^environment production$/);
  odd.says("settings-known", "warning", /NONSENSE/);
  assert.equal(odd.code, 0);
  assert.equal((await checkUp(production, ["--only", "settings-known"])).code, 0);
});

test("what is asked for is checked, with what it needs; what does not exist is named", options, async (t) => {
  const production = await startProduction(t, servers);
  const some = await checkUp(production, ["--only", "database-primary"]);
  assert.deepEqual(
    [...some.found.keys()],
    [
      "settings-valid",
      "database-certificate-files",
      "database-reachable",
      "database-tls",
      "database-login",
      "database-primary",
    ],
  );
  assert.equal(some.code, 0);
  for (const [args, sentence] of [
    [["--only", "redis-evicton"], /there is no check redis-evicton; did you mean redis-eviction\?/],
    [["--category", "discs"], /there is no category discs/],
    [["--wait", "soon"], /--wait must be a duration/],
  ] as const) {
    const { code, stdout, stderr } = await production.run(["doctor", ...args]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, sentence);
    assert.match(stderr, /^try: ccat_data_transfer /m);
  }
  const list = await production.run(["doctor", "--list"]);
  assert.equal(list.code, 0);
  for (const { id, severity } of checks) assert.match(list.stdout, new RegExp(`^${id} +${severity} `, "m"));
});

test("colours are for terminals, and NO_COLOR switches them off", async (t) => {
  for (const [env, colours] of [
    [{}, true],
    [{ NO_COLOR: "1" }, false],
  ] as const) {
    const host = surroundings(t, { terminal: true, env });
    assert.equal(await main(["doctor", "--category", "settings"], host), 0);
    const { stdout } = host.printed();
    assert.equal(stdout.includes("\u001b[32m√\u001b[39m the settings can be used"), colours);
    assert.equal(stdout.includes("\u001b"), colours);
  }
});
