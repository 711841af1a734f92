import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { loadSettings } from "../../src/settings/load.ts";
import { folderWith } from "./settings-folder.ts";

test("without any file or variable the environment is localdev, and everything has a value", (t) => {
  const { settings, warnings } = loadSettings({ env: {}, cwd: folderWith(t) });
  assert.equal(settings.environment, "localdev");
  assert.equal(settings.database.host, "localhost");
  assert.equal(settings.staging.defaultLifetime, 14 * 86_400);
  assert.equal(settings.staging.confirmAbove, 2 ** 40);
  assert.equal(settings.staging.dirMode, 0o2750);
  assert.deepEqual(settings.worker.taskNames, ["ccat_data_transfer.staging.stage"]);
  assert.deepEqual(warnings, []);
});

test("production reaches Redis by its alias over TLS, under the name that its certificate carries", (t) => {
  const { settings } = loadSettings({ env: { ENV_FOR_DYNACONF: "production" }, cwd: folderWith(t) });
  const { host, tls, serverName, checkHostname, certFile } = settings.redis;
  assert.deepEqual(
    { host, tls, serverName, checkHostname },
    { host: "redis", tls: true, serverName: "db.data.ccat.uni-koeln.de", checkHostname: true },
  );
  assert.match(certFile ?? "", /^\/etc\/redis\/certs\//);
  assert.equal(settings.database.host, "postgres");
});

for (const environment of ["staging", "demo"]) {
  test(`the shipped section for ${environment} is complete`, (t) => {
    const loaded = loadSettings({ env: { ENV_FOR_DYNACONF: environment }, cwd: folderWith(t) });
    assert.equal(loaded.settings.environment, environment);
    assert.deepEqual(loaded.warnings, []);
  });
}

test("each place wins over those before it", (t) => {
  const cwd = folderWith(t, {
    "settings.toml": `
      [default.redis]
      host = "one"
      port = 1001
      db = 1
      username = "one"
      [default.health]
      port = 1
      [localdev.redis]
      port = 1002
      db = 2
      username = "two"`,
    "settings.local.toml": '[default.redis]\ndb = 3\nusername = "three"',
    ".secrets.toml": '[default.redis]\nusername = "four"\npassword = "from secrets"',
  });
  const { settings, origins } = loadSettings({
    env: { CCAT_DATA_TRANSFER_REDIS__USERNAME: "five", CCAT_DATA_TRANSFER_HEALTH__PORT: "2" },
    cwd,
    overrides: [{ key: "health.port", text: "3", option: "--health-port" }],
  });
  const { host, port, db, username, password } = settings.redis;
  assert.deepEqual({ host, port, db, username }, { host: "one", port: 1002, db: 3, username: "five" });
  assert.equal(password?.reveal(), "from secrets");
  assert.equal(settings.health.port, 3);

  const from = Object.fromEntries(origins.map(({ key, origin }) => [key, origin]));
  assert.equal(from["redis.host"], `${join(cwd, "settings.toml")} [default]`);
  assert.equal(from["redis.port"], `${join(cwd, "settings.toml")} [localdev]`);
  assert.equal(from["redis.db"], `${join(cwd, "settings.local.toml")} [default]`);
  assert.equal(from["redis.username"], "environment variable CCAT_DATA_TRANSFER_REDIS__USERNAME");
  assert.equal(from["health.port"], "command line --health-port");
  assert.equal(from["redis.global_keyprefix"], "built-in");
});

test("a named folder takes the place of the working directory", (t) => {
  const cwd = folderWith(t, { "settings.toml": '[default.redis]\nhost = "here"' });
  const folder = folderWith(t, { "settings.toml": '[default.redis]\nhost = "there"' });
  const { settings } = loadSettings({ env: { CCAT_DATA_TRANSFER_SETTINGS_DIR: folder }, cwd });
  assert.equal(settings.redis.host, "there");
});

test("sections and keys may be written in any case, as Dynaconf allows", (t) => {
  const cwd = folderWith(t, { "settings.toml": '[DEFAULT.REDIS]\nHOST = "loud"\ndynaconf_merge = true' });
  assert.equal(loadSettings({ env: {}, cwd }).settings.redis.host, "loud");
});

test("an archive's credentials stand under its site and location, whatever is in the name", (t) => {
  const env = {
    CCAT_DATA_TRANSFER_S3__COLOGNE_LTA__ACCESS_KEY: "reader",
    CCAT_DATA_TRANSFER_S3__COLOGNE_LTA__SECRET_KEY: "very secret",
  };
  const cwd = folderWith(t, { "settings.toml": '[default.s3.us_lta]\nregion = "us-east-1"' });
  const { settings } = loadSettings({ env, cwd });
  assert.deepEqual(Object.keys(settings.s3), ["cologne_lta", "us_lta"]);
  assert.equal(settings.s3.cologne_lta?.accessKey?.reveal(), "reader");
  assert.equal(settings.s3.cologne_lta?.region, undefined);
  assert.equal(settings.s3.us_lta?.region, "us-east-1");
  assert.deepEqual(env, {});
});

test("a key that nobody reads is a warning outside our tables", (t) => {
  const cwd = folderWith(t, {
    "settings.toml": 'stray = 1\n[default]\ndeletion_manager_sleep_time = 10\n[default.influxdb]\nurl = "http://x"',
  });
  const { warnings } = loadSettings({ env: { CCAT_DATA_TRANSFER_INFLUX_TOKEN: "hidden" }, cwd });
  assert.equal(warnings.length, 4);
  assert.match(warnings.join("\n"), /stray/);
  assert.match(warnings.join("\n"), /nothing reads the setting deletion_manager_sleep_time/);
  assert.match(warnings.join("\n"), /nothing reads the setting influxdb/);
  assert.match(warnings.join("\n"), /CCAT_DATA_TRANSFER_INFLUX_TOKEN/);
  assert.doesNotMatch(warnings.join("\n"), /hidden/);
});

test("certificates without TLS are pointed out: nothing would be encrypted", (t) => {
  const { warnings } = loadSettings({ env: { CCAT_DATA_TRANSFER_REDIS__CA_FILE: "/ca.crt" }, cwd: folderWith(t) });
  assert.match(warnings.join(), /redis\.tls is false/);
});

test("the deployed environment's Coscine token is known", (t) => {
  const env = { CCAT_DATA_TRANSFER_COSCINE_API_TOKEN: "token of the archive" };
  const { settings, warnings } = loadSettings({ env, cwd: folderWith(t) });
  assert.equal(settings.coscineApiToken?.reveal(), "token of the archive");
  assert.deepEqual(warnings, []);
});

test("the demo keeps everything below one folder, which may be named, and does not hide who named it", (t) => {
  const cwd = folderWith(t);
  const ENV_FOR_DYNACONF = "demo";
  const { settings } = loadSettings({ env: { ENV_FOR_DYNACONF }, cwd });
  assert.equal(settings.demo.directory, join(cwd, "data/demo"));
  assert.equal(settings.staging.root, join(cwd, "data/demo/processing"));
  assert.deepEqual(settings.storage.allowedRoots, [join(cwd, "data/demo/archive")]);

  const named = loadSettings({
    env: {
      ENV_FOR_DYNACONF,
      CCAT_DATA_TRANSFER_DEMO__DIRECTORY: "mine",
      CCAT_DATA_TRANSFER_STAGING__ROOT: "/elsewhere",
    },
    cwd,
  });
  assert.equal(named.settings.demo.directory, join(cwd, "mine"));
  assert.equal(named.settings.staging.root, "/elsewhere");
  const origin = named.origins.find(({ key }) => key === "demo.directory")?.origin;
  assert.equal(origin, "environment variable CCAT_DATA_TRANSFER_DEMO__DIRECTORY");

  const wrong = { ENV_FOR_DYNACONF, CCAT_DATA_TRANSFER_DEMO: "{ directory = 5 }" };
  assert.throws(() => loadSettings({ env: wrong, cwd }), /demo\.directory: found the number 5, expected a text/);
});
