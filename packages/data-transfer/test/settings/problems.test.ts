import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { SettingsInvalid } from "../../src/errors/settings.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { folderWith } from "./settings-folder.ts";

test("everything that is wrong is said in one message, with file, key, what was found and what is expected", (t) => {
  const cwd = folderWith(t, {
    "settings.toml": '[default]\nstartup_timeout = "soon"\n[default.database]\nport = "5432"\nhots = "typo"',
    "settings.local.toml": "[localdev]\nredis = 5",
    ".secrets.toml": "[default.redis]\npassword = 4711",
  });
  const error = failure({ env: { CCAT_DATA_TRANSFER_WORKER__CONCURRENCY: "many" }, cwd });
  assert.equal(error.code, "CDT-SETTINGS");
  const lines = error.message.split("\n");
  assert.match(lines[0] ?? "", /6 problems/);
  const settingsFile = `${join(cwd, "settings.toml")} [default]`;
  for (const line of [
    `  ${settingsFile}: startup_timeout: found the text "soon", expected a duration: seconds, or text like "30s", "1h30m", "14d"`,
    `  ${settingsFile}: database.port: found the text "5432", expected a whole number from 1 to 65535`,
    `  ${join(cwd, "settings.local.toml")} [localdev]: redis: found the number 5, expected a table`,
    `  ${join(cwd, ".secrets.toml")} [default]: redis.password: found the number 4711, expected a text that is not empty`,
    '  environment variable CCAT_DATA_TRANSFER_WORKER__CONCURRENCY: worker.concurrency: found the text "many", expected a whole number from 1 to 64',
  ]) {
    assert.ok(lines.includes(line), `${line}\nis not in\n${error.message}`);
  }
  assert.ok(
    lines.some((line) =>
      line.startsWith(`  ${settingsFile}: database.hots: found an unknown key, expected one of host,`),
    ),
  );
});

test("a missing value is named with the variable that sets it", (t) => {
  const error = failure({ env: { CCAT_DATA_TRANSFER_REDIS__HOST: "@none" }, cwd: folderWith(t) });
  assert.deepEqual(
    error.problems.map(({ key, found }) => [key, found]),
    [["redis.host", "nothing"]],
  );
  assert.match(error.message, /because broker\.kind is redis/);
});

test("a database without a host has nothing to connect to", (t) => {
  const cwd = folderWith(t, { "settings.toml": "[lab.broker]\nkind = 'memory'" });
  const error = failure({ env: { ENV_FOR_DYNACONF: "lab" }, cwd });
  assert.deepEqual(
    error.problems.map(({ key }) => key),
    ["database.host"],
  );
  assert.match(error.message, /a settings file or CCAT_DATA_TRANSFER_DATABASE__HOST/);
});

test("an environment that no file knows is refused, and the known ones are listed", (t) => {
  const error = failure({
    env: {
      ENV_FOR_DYNACONF: "prodution",
      CCAT_DATA_TRANSFER_DATABASE__HOST: "db",
      CCAT_DATA_TRANSFER_REDIS__HOST: "r",
    },
    cwd: folderWith(t),
  });
  assert.match(error.message, /ENV_FOR_DYNACONF: found the text "prodution".*production, staging, localdev, demo/);
});

test("a file that is no TOML is named with the place of the mistake, and its text is not repeated", (t) => {
  const cwd = folderWith(t, { ".secrets.toml": '[default.redis]\npassword = "unfinished secret' });
  const error = failure({ env: {}, cwd });
  assert.match(error.message, /\.secrets\.toml: found a mistake in line 2/);
  assert.doesNotMatch(error.message, /unfinished secret/);
});

test("a folder of settings that does not exist is a mistake", (t) => {
  const error = failure({ env: { CCAT_DATA_TRANSFER_SETTINGS_DIR: "nowhere" }, cwd: folderWith(t) });
  assert.match(error.message, /CCAT_DATA_TRANSFER_SETTINGS_DIR: found the text "nowhere", expected an existing folder/);
});

test("a certificate needs its key, and the longest pause is not shorter than the first", (t) => {
  const cwd = folderWith(t, {
    "settings.toml":
      '[default.redis]\ncert_file = "/c"\n[default.database]\nsslkey = "/k"\n[default.staging]\nretry_max = 1',
  });
  const error = failure({ env: {}, cwd });
  assert.deepEqual(error.problems.map(({ key }) => key).sort(), [
    "database.sslcert",
    "redis.key_file",
    "staging.retry_max",
  ]);
});

function failure(options: Parameters<typeof loadSettings>[0]): SettingsInvalid {
  try {
    loadSettings(options);
  } catch (error) {
    assert.ok(error instanceof SettingsInvalid, String(error));
    return error;
  }
  return assert.fail("the settings were accepted");
}
