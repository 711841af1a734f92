import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { SettingsInvalid } from "../../src/errors/settings.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { Secret } from "../../src/settings/secret.ts";
import { folderWith } from "./settings-folder.ts";

test("a secret shows itself to nobody who does not ask for it", () => {
  const secret = new Secret("hunter2");
  const shown = [
    `${secret}`,
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }),
    inspect(secret, { showHidden: true }),
  ];
  for (const text of shown) {
    assert.doesNotMatch(text, /hunter2/);
    assert.match(text, /\*\*\*/);
  }
  assert.equal(secret.reveal(), "hunter2");
  assert.deepEqual(Object.keys(secret), []);
});

test("a secret may stand in a file, whose last line end does not belong to it", (t) => {
  const cwd = folderWith(t, {
    password: "from a file\n",
    "settings.toml": '[default.database]\npassword_file = "password"',
    key: "  spaces stay  ",
  });
  const env = { CCAT_DATA_TRANSFER_S3__COLOGNE_LTA__SECRET_KEY_FILE: join(cwd, "key") };
  const { settings, origins } = loadSettings({ env, cwd });
  assert.equal(settings.database.password?.reveal(), "from a file");
  assert.equal(settings.s3.cologne_lta?.secretKey?.reveal(), "  spaces stay  ");
  const shown = origins.find(({ key }) => key === "database.password");
  assert.equal(shown?.value, "***");
  assert.match(shown?.origin ?? "", new RegExp(`^file ${join(cwd, "password")} `));
});

test("the later place wins, whether it names the secret or its file", (t) => {
  const cwd = folderWith(t, { file: "in the file", "settings.toml": '[default.redis]\npassword = "in the settings"' });
  const named = loadSettings({ env: { CCAT_DATA_TRANSFER_REDIS__PASSWORD_FILE: join(cwd, "file") }, cwd });
  assert.equal(named.settings.redis.password?.reveal(), "in the file");
});

test("both at once, in one place, is a contradiction", (t) => {
  const env = {
    CCAT_DATA_TRANSFER_REDIS__PASSWORD: "left hand",
    CCAT_DATA_TRANSFER_REDIS__PASSWORD_FILE: "/right/hand",
  };
  assert.throws(() => loadSettings({ env, cwd: folderWith(t) }), /either redis\.password or redis\.password_file/);
});

test("a secret's file that cannot be read, or is empty, is a mistake", (t) => {
  const cwd = folderWith(t, { empty: "" });
  for (const [name, expected] of [
    ["missing", /redis\.password_file: found the file .*missing, which cannot be read \(ENOENT\)/],
    ["empty", /redis\.password: found an empty text/],
  ] as const) {
    const env = { CCAT_DATA_TRANSFER_REDIS__PASSWORD_FILE: name };
    assert.throws(() => loadSettings({ env, cwd }), expected);
  }
});

test("variables that hold secrets are gone from the environment, also when loading fails", (t) => {
  const env: Record<string, string> = {
    CCAT_DATA_TRANSFER_REDIS__PASSWORD: "first secret",
    CCAT_DATA_TRANSFER_DATABASE: '{ password = "second secret" }',
    CCAT_DATA_TRANSFER_S3: '{ broken = { access_key = "third secret"',
    CCAT_DATA_TRANSFER_COSCINE_API_TOKEN: "fourth secret",
    CCAT_DATA_TRANSFER_REDIS__PORT: "7",
    HOME: "/root",
  };
  assert.throws(
    () => loadSettings({ env, cwd: folderWith(t) }),
    (error) => {
      assert.ok(error instanceof SettingsInvalid);
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /secret"|(first|second|third|fourth) secret/);
      return true;
    },
  );
  assert.deepEqual(env, { CCAT_DATA_TRANSFER_REDIS__PORT: "7", HOME: "/root" });
});

test("no secret is in what may be shown", (t) => {
  const env = { CCAT_DATA_TRANSFER_REDIS__PASSWORD: "visible nowhere" };
  const loaded = loadSettings({ env, cwd: folderWith(t) });
  assert.doesNotMatch(JSON.stringify(loaded) + inspect(loaded, { depth: 9 }), /visible nowhere/);
});
