import assert from "node:assert/strict";
import { test } from "node:test";
import { SettingsInvalid } from "../../src/errors/settings.ts";
import { loadSettings } from "../../src/settings/load.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { folderWith } from "./settings-folder.ts";

/** Variable, its text, and what it becomes. */
const readings: readonly [name: string, text: string, read: (settings: Settings) => unknown, value: unknown][] = [
  ["REDIS__USERNAME", "0123", (s) => s.redis.username, "0123"],
  ["REDIS__USERNAME", "true", (s) => s.redis.username, "true"],
  ["REDIS__USERNAME", '"quoted"', (s) => s.redis.username, '"quoted"'],
  ["REDIS__USERNAME", "@int 5", (s) => s.redis.username, "@int 5"],
  ["REDIS__USERNAME", "@str @none", (s) => s.redis.username, "@none"],
  ["REDIS__USERNAME", "@none", (s) => s.redis.username, undefined],
  ["REDIS__USERNAME", "", (s) => s.redis.username, undefined],
  ["REDIS__PASSWORD", "@weird {pass}", (s) => s.redis.password?.reveal(), "@weird {pass}"],
  ["REDIS__PORT", "7000", (s) => s.redis.port, 7000],
  ["REDIS__PORT", "@int 7001", (s) => s.redis.port, 7001],
  ["REDIS__PORT", "@json 7002", (s) => s.redis.port, 7002],
  ["REDIS__PORT", "@float 7003", (s) => s.redis.port, 7003],
  ["REDIS__TLS", "true", (s) => s.redis.tls, true],
  ["REDIS__TLS", "True", (s) => s.redis.tls, true],
  ["REDIS__TLS", "False", (s) => s.redis.tls, false],
  ["REDIS__TLS", "@bool on", (s) => s.redis.tls, true],
  ["REDIS__TLS", "@bool 0", (s) => s.redis.tls, false],
  ["REDIS", '{ host = "inline", port = 7004 }', (s) => [s.redis.host, s.redis.port], ["inline", 7004]],
  ["REDIS", '@json {"host": "json"}', (s) => s.redis.host, "json"],
  ["REDIS__VISIBILITY_TIMEOUT", "30", (s) => s.redis.visibilityTimeout, 30],
  ["REDIS__VISIBILITY_TIMEOUT", "1h30m", (s) => s.redis.visibilityTimeout, 5400],
  ["REDIS__VISIBILITY_TIMEOUT", '"2 min"', (s) => s.redis.visibilityTimeout, 120],
  ["STAGING__KEEP_FREE", "10Gi", (s) => s.staging.keepFree, 10 * 2 ** 30],
  ["STAGING__KEEP_FREE", "1 TB", (s) => s.staging.keepFree, 10 ** 12],
  ["STAGING__KEEP_FREE", "0", (s) => s.staging.keepFree, 0],
  ["STAGING__FILE_MODE", "0644", (s) => s.staging.fileMode, 0o644],
  ["STAGING__GROUP", "5000", (s) => s.staging.group, 5000],
  ["WORKER__TASK_NAMES", '["a", "b.*"]', (s) => s.worker.taskNames, ["a", "b.*"]],
  ["WORKER__TASK_NAMES", "a, b.*", (s) => s.worker.taskNames, ["a", "b.*"]],
  ["STORAGE__ALLOWED_ENDPOINTS", "https://s3.example.org:9021", (s) => s.storage.allowedEndpoints.length, 1],
  ["STARTUP_TIMEOUT", "0", (s) => s.startupTimeout, 0],
  ["LOGGING__LEVEL", "debug", (s) => s.logging.level, "debug"],
];

for (const [name, text, read, value] of readings) {
  test(`${name}=${text} becomes ${JSON.stringify(value)}`, (t) => {
    const { settings } = loadSettings({ env: { [`CCAT_DATA_TRANSFER_${name}`]: text }, cwd: folderWith(t) });
    assert.deepEqual(read(settings), value);
  });
}

/** Variable, its text, and what the one problem says. */
const refusals: readonly [name: string, text: string, key: string, found: RegExp, expected: RegExp][] = [
  ["REDIS__PORT", "abc", "redis.port", /the text "abc"/, /whole number from 1 to 65535/],
  ["REDIS__PORT", "70000", "redis.port", /the number 70000/, /whole number from 1 to 65535/],
  ["REDIS__PORT", "6379.5", "redis.port", /the number 6379\.5/, /whole number/],
  ["REDIS__PORT", "@none", "redis.port", /nothing/, /whole number/],
  ["REDIS__PORT", "@int x", "redis.port", /"@int x"/, /a whole number after @int/],
  ["REDIS__PORT", "@json {", "redis.port", /"@json \{"/, /JSON after @json/],
  ["REDIS__PORT", "@format {this.x}", "redis.port", /@format/, /one of the tags/],
  ["REDIS__TLS", "maybe", "redis.tls", /the text "maybe"/, /true or false/],
  ["REDIS__VISIBILITY_TIMEOUT", "soon", "redis.visibility_timeout", /"soon"/, /a duration/],
  ["REDIS__VISIBILITY_TIMEOUT", "-1", "redis.visibility_timeout", /the number -1/, /a duration/],
  ["REDIS__VISIBILITY_TIMEOUT", "0", "redis.visibility_timeout", /the number 0/, /above 0/],
  ["BROKER__LEASE", "10ms", "broker.lease", /"10ms"/, /at least 1 seconds/],
  ["STAGING__KEEP_FREE", "10 G", "staging.keep_free", /"10 G"/, /a size/],
  ["STAGING__FILE_MODE", "rw-r-----", "staging.file_mode", /rw-r/, /octal/],
  ["STAGING__ROOT", "data", "staging.root", /"data"/, /an absolute path/],
  ["LOGGING__LEVEL", "loud", "logging.level", /"loud"/, /one of trace, debug/],
  ["REDIS__PASWORD", "x", "redis.pasword", /an unknown key/, /one of host, port/],
  ["REDIS__HOST__DEEP", "x", "redis.host.deep", /an unknown key/, /one of/],
  ["S3__COLOGNE_LTA__KEY", "x", "s3.cologne_lta.key", /an unknown key/, /access_key, secret_key, region/],
  ["DATABASE__SCHEMA", "Robert'); drop", "database.schema", /Robert/, /a name of a-z/],
  ["DATABASE__HOST", "", "database.host", /an empty text/, /not empty/],
  ["STORAGE__ALLOWED_ENDPOINTS", "https://u:hidden@h", "storage.allowed_endpoints", /u:\*\*\*@h/, /https:\/\/host/],
  ["WORKER__TASK_NAMES", "[1]", "worker.task_names", /the list \[1\]/, /a list of texts/],
];

for (const [name, text, key, found, expected] of refusals) {
  test(`${name}=${text} is refused`, (t) => {
    const variable = `CCAT_DATA_TRANSFER_${name}`;
    assert.throws(
      () => loadSettings({ env: { [variable]: text }, cwd: folderWith(t) }),
      (error) => {
        assert.ok(error instanceof SettingsInvalid);
        assert.equal(error.problems.length, 1, error.message);
        const [problem] = error.problems;
        assert.equal(problem?.where, `environment variable ${variable}`);
        assert.equal(problem?.key, key);
        assert.match(problem?.found ?? "", found);
        assert.match(problem?.expected ?? "", expected);
        return true;
      },
    );
  });
}

test("names from Object's prototype are no settings", (t) => {
  for (const name of ["REDIS__CONSTRUCTOR", "REDIS____PROTO__", "S3__X__TOSTRING"]) {
    assert.throws(
      () => loadSettings({ env: { [`CCAT_DATA_TRANSFER_${name}`]: "x" }, cwd: folderWith(t) }),
      SettingsInvalid,
    );
  }
  const { settings, warnings } = loadSettings({
    env: { CCAT_DATA_TRANSFER_CONSTRUCTOR: "x", CCAT_DATA_TRANSFER___PROTO__: "x" },
    cwd: folderWith(t),
  });
  assert.equal(warnings.length, 2);
  assert.equal(settings.constructor, Object);
});
