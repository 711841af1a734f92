import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { startPostgres } from "../../../../testing/postgres.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { main } from "../../src/cli/main.ts";
import { databaseVariables } from "./program.ts";
import { surroundings } from "./surroundings.ts";

const postgres = await startPostgres({ after });
let databases = 0;

suite("commands on a real database", () => {
  test("seeding twice changes nothing, and a paused location stays paused", async (t) => {
    const { ok } = await migrated(t);
    await ok("db", "seed");
    const first = await ok("location", "list", "--output", "json");
    await ok("location", "pause", "ramses_processing", "maintenance until noon");
    await ok("db", "seed");
    const [location, ...more] = JSON.parse(await ok("location", "list", "--output", "json")) as Record<
      string,
      unknown
    >[];
    assert.equal(more.length, 0);
    assert.deepEqual(location?.queues, ["cologne_ramses_processing_staging"]);
    assert.equal(location?.pause_message, "maintenance until noon");
    assert.match(
      await ok("location", "resume", "ramses_processing"),
      /is resumed; it was paused: maintenance until noon/,
    );
    assert.match(await ok("location", "resume", "cologne/ramses_processing"), /was not paused/);
    assert.equal(await ok("location", "list", "--output", "json"), first);
  });

  test("a list with a mistake is refused as a whole, with every mistake", async (t) => {
    const { fails, ok } = await migrated(t);
    const before = await ok("location", "list", "--output", "json");
    const location = '[[location]]\nsite = "cologne"\nlocation_type = "long_term_archive"\n';
    const cases: [text: string, ...sentences: RegExp[]][] = [
      [`${location}name = "Lta!"\nstorage_type = "disk"`, /location\.0\.name: .*a-z, 0-9/, /location\.0\.path: /],
      [`${location}name = "lta"\nstorage_type = "s3"\nbucket = "b"\nendpoint = "ftp://x"`, /location\.0\.endpoint: /],
      [`${location}name = "lta"\nstorage_type = "floppy"`, /location\.0\.storage_type: /],
      [`${location}name = "lta"\nstorage_type = "tape"\npath = "/t"\ncolour = "red"`, /colour/],
      ["[[location]", /Invalid TOML/],
      [
        `[[site]]\nname = "Bonn"\nshort_name = "bonn"\n${location.replace("cologne", "nowhere")}name = "x"\nstorage_type = "tape"\npath = "/t"`,
        /location x: there is no site nowhere/,
      ],
    ];
    for (const [text, ...sentences] of cases) {
      const { stderr } = await fails(text, "db", "seed", "--file");
      for (const sentence of sentences) assert.match(stderr, sentence);
      assert.match(stderr, /\[CDT-SEED\]/);
    }
    assert.equal(await ok("location", "list", "--output", "json"), before);
  });

  test("a budget is set, seen, seeded and lifted; nonsense is refused", async (t) => {
    const { ok, run, fails } = await migrated(t);
    const set = JSON.parse(await ok("location", "budget", "ramses_processing", "50 TiB", "--output", "json"));
    assert.deepEqual(set, {
      ...{ location: "cologne/ramses_processing", budget: 50 * 2 ** 40, staged: 0, reserved: 0 },
    });
    assert.match(await ok("location", "list"), /50\.0 TiB/);
    await ok("db", "seed");
    const budgetOf = async () => {
      const [location] = JSON.parse(await ok("location", "list", "--output", "json")) as { budget: number | null }[];
      return location?.budget;
    };
    assert.equal(await budgetOf(), 50 * 2 ** 40, "a list that does not speak of it leaves it");
    const entry = '[[location]]\nsite = "cologne"\nname = "ramses_processing"\nlocation_type = "processing"\n';
    const { stderr } = await fails(
      `${entry}storage_type = "disk"\npath = "/data"\nbudget = "much"`,
      "db",
      "seed",
      "--file",
    );
    assert.match(stderr, /location\.0\.budget: expected a size/);
    await ok("location", "budget", "cologne/ramses_processing", "none");
    assert.equal(await budgetOf(), null);
    const refused = await run("location", "budget", "ramses_processing", "plenty");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /a budget is a size such as "10 TiB", or none, not "plenty"/);
    assert.match((await run("location", "budget", "nowhere", "1 TiB")).stderr, /\[CDT-UNKNOWN-LOCATION\]/);
  });

  test("a waiver is granted with a reason, listed, and revoked; each is said by who did it", async (t) => {
    const { ok, run, database } = await migrated(t);
    await postgres.query(
      "INSERT INTO ccat_data_transfer.raw_data_package (name, size, file_count) VALUES ('chai_lfa_0001', 1, 1)",
      [],
      database,
    );
    const grant = ["waiver", "grant", "chai_lfa_0001", "--rule", "symbolic-link"];
    for (const [argv, sentence] of [
      [grant, /say why: --why/],
      [[...grant, "--why", "  "], /say why: --why/],
      [["waiver", "grant", "chai_lfa_0001", "--why", "so"], /say which rule: --rule symbolic-link or --rule hard-link/],
      [["waiver", "grant", "chai_lfa_0001", "--rule", "absolute-path", "--why", "so"], /symbolic-link, hard-link/],
      [["waiver", "grant", "unknown", "--rule", "hard-link", "--why", "so"], /\[CDT-UNKNOWN-PACKAGE\]/],
    ] as const) {
      const refused = await run(...argv);
      assert.equal(refused.code, 2, refused.stdout);
      assert.match(refused.stderr, sentence);
    }
    const granted = JSON.parse(await ok(...grant, "--why", "only latest.fits", "--output", "json"));
    assert.deepEqual([granted.package_name, granted.rule, granted.added], ["chai_lfa_0001", "symbolic-link", true]);
    const again = JSON.parse(await ok(...grant, "--why", "again", "--output", "json"));
    assert.deepEqual([again.why, again.added], ["only latest.fits", false]);
    assert.match(await ok("waiver", "list"), /chai_lfa_0001 +symbolic-link +\S+@\S+ .*only latest\.fits/);
    const revoke = ["waiver", "revoke", "chai_lfa_0001", "--rule", "symbolic-link", "--output", "json"];
    const revoked = async () => (JSON.parse(await ok(...revoke)) as { revoked: boolean }).revoked;
    assert.deepEqual([await revoked(), await revoked()], [true, false]);
    assert.deepEqual(JSON.parse(await ok("waiver", "list", "--output", "json")), []);
    const [kept] = JSON.parse(await ok("waiver", "list", "chai_lfa_0001", "--revoked", "--output", "json"));
    assert.deepEqual([kept.why, typeof kept.revoked_by], ["only latest.fits", "string"]);
  });

  test("a schema that somebody changed by hand is found out, object by object", async (t) => {
    const { run, ok, database } = await migrated(t);
    assert.match(await ok("db", "inspect"), /no differences/);
    await postgres.query("ALTER TABLE ccat_data_transfer.site ADD COLUMN colour text", [], database);
    await postgres.query("CREATE TABLE ccat_data_transfer.strays (id integer)", [], database);
    const inspected = await run("db", "inspect", "--output", "json");
    assert.equal(inspected.code, 1, inspected.stderr);
    const differences = JSON.parse(inspected.stdout) as { kind: string; object: string }[];
    const objects = differences.map(({ kind, object }) => `${kind} ${object}`);
    assert.ok(objects.includes("extra column site.colour"), objects.join());
    assert.ok(objects.includes("extra table strays"), objects.join());
    const status = await run("db", "status");
    assert.equal(status.code, 1);
    assert.match(status.stderr, /tables that are not ours: strays/);
  });

  test("before the first migration, commands name the one that helps", async (t) => {
    const { run } = await empty(t);
    const status = await run("db", "status");
    assert.equal(status.code, 1);
    assert.match(status.stderr, /is needed: ccat_data_transfer db migrate/);
    const listed = await run("location", "list");
    assert.equal(listed.code, 2);
    assert.match(listed.stderr, /\[CDT-NOT-MIGRATED\]\ntry: ccat_data_transfer db migrate/);
  });
});

interface Database {
  database: string;
  run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Answers what was printed; anything but exit code 0 fails the test. */
  ok(...argv: string[]): Promise<string>;
  /** Runs a command on a file with the given text; anything but exit code 2 fails the test. */
  fails(text: string, ...argv: string[]): Promise<{ stderr: string }>;
}

async function migrated(scope: Scope): Promise<Database> {
  const database = await empty(scope);
  await database.ok("db", "migrate");
  await database.ok("db", "seed");
  return database;
}

async function empty(scope: Scope): Promise<Database> {
  databases += 1;
  const database = await postgres.createDatabase(`commands_${databases}`);
  const run: Database["run"] = async (...argv) => {
    // The program takes the password out of its environment: every run gets an environment of its own.
    const host = surroundings(scope, { env: databaseVariables(postgres, database) });
    const code = await main(argv, host);
    return { code, ...host.printed() };
  };
  return {
    database,
    run,
    async ok(...argv) {
      const { code, stdout, stderr } = await run(...argv);
      assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
      return stdout;
    },
    async fails(text, ...argv) {
      const file = join(surroundings(scope).cwd, "list.toml");
      writeFileSync(file, text);
      const { code, stderr } = await run(...argv, file);
      assert.equal(code, 2, stderr);
      return { stderr };
    },
  };
}
