import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { until } from "../world/until.ts";
import { fillProduction } from "./packages.ts";
import { assertKept, startProduction, startServers } from "./production.ts";

const options = { skip: without("redis-server", "openssl") };
const servers = options.skip ? undefined! : await startServers({ after });

test(
  "settings that cannot be used stop every program with one message: place, key, found, expected",
  options,
  async (t) => {
    const production = await startProduction(t, servers);
    const { run, folder, settings } = production;
    const wrong = { redis__port: "many", staging__default_lifetime: "a fortnight", redis__host: undefined };
    const terminationLog = join(folder, "termination-log");
    for (const args of [["worker", "--location", "ramses_processing"], ["manager"], ["stage", "list"]]) {
      await writeFile(terminationLog, "");
      const { code, stdout, stderr } = await run(args, { settings: wrong, terminationLog });
      assert.deepEqual([code, stdout], [2, ""]);
      const port =
        /environment variable CCAT_DATA_TRANSFER_REDIS__PORT: redis\.port: found the text "many", expected .+/;
      assert.match(stderr, port);
      assert.match(
        stderr,
        /CCAT_DATA_TRANSFER_STAGING__DEFAULT_LIFETIME: staging\.default_lifetime: found .*fortnight/,
      );
      assert.equal(stderr.match(/^error: /gm)?.length, 1);
      assert.match(stderr, /\[CDT-SETTINGS\]\ntry: ccat_data_transfer settings show\b/);
      assert.match(await readFile(terminationLog, "utf8"), port);
    }

    // A required value that is nowhere.
    settings.database__user = "@none";
    const missing = await run(["db", "status"]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /database\.user: found .*, expected a text that is not empty/);

    const file = join(folder, "no password");
    settings.database__user = servers.postgres.user;
    settings.redis__password = undefined;
    settings.redis__password_file = file;
    const unreadable = await run(["list-queues"]);
    assert.equal(unreadable.code, 2);
    assert.ok(unreadable.stderr.includes(`redis.password_file: found the file ${file}, which cannot be read (ENOENT)`));
  },
);

test("secrets come from files, too, and no process shows them", options, async (t) => {
  const production = await startProduction(t, servers);
  await fillProduction(production, { one: 1000 });
  const { run, start, folder, settings } = production;
  const passwords = [servers.redis.password!, servers.postgres.password];
  const token = "token of the Coscine API";
  production.keepSecret(token);
  settings.coscine_api_token = token;
  for (const [key, password] of [
    ["redis", passwords[0]!],
    ["database", passwords[1]!],
  ] as const) {
    const file = join(folder, `${key} password`);
    await writeFile(file, `${password}\n`);
    settings[`${key}__password`] = undefined;
    settings[`${key}__password_file`] = file;
  }

  const shown = await run(["settings", "show"]);
  assert.match(shown.stdout, /^redis\.password +\*\*\* +file .*redis password \(environment variable /m);
  assert.match(shown.stdout, /^coscine_api_token +\*\*\* +environment variable CCAT_DATA_TRANSFER_COSCINE_API_TOKEN$/m);
  assert.match(shown.stdout, /^redis\.server_name +db\.data\.ccat\.uni-koeln\.de +.*settings\.toml \[production\]$/m);
  const rows = (await run(["settings", "show", "database", "--output", "json"])).json;
  assert.equal(rows.find(({ key }: { key: string }) => key === "database.password").value, "***");

  const [manager, worker] = await Promise.all([
    start(["manager", "--verbose"]),
    start(["worker", "--location", "ramses_processing", "--verbose"]),
  ]);
  assert.equal((await run(["stage", "request", "one", "--wait", "--verbose"])).code, 0);
  for (const { pid } of [manager, worker]) {
    const title = await readFile(`/proc/${pid}/cmdline`, "utf8");
    assert.match(title, /ccat_data_transfer/);
    assertKept([...passwords, token], "the process title", title);
  }
  // What a failing server makes the program say is looked at like all else when the test ends.
  await servers.redis.restart("SIGKILL");
  await until("the worker has noticed", () => worker.log().some(({ msg }) => /disconnected/.test(String(msg))));
  await Promise.all([manager.ready(), worker.ready()]);
});
