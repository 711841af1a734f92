import assert from "node:assert/strict";
import { test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { fillProduction } from "./packages.ts";
import { startProduction, startServers } from "./production.ts";

test("an archive cannot be paused, since nothing begins there; the way to keep it from being read is said", {
  skip: without("redis-server", "openssl"),
}, async (t) => {
  const production = await startProduction(t, await startServers(t));
  await fillProduction(production, { one: 5000 });
  const refused = await production.run(["location", "pause", "cologne/lta", "archive is moved"]);
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /^error: nothing begins at cologne\/lta, .* cannot be paused \[CDT-USAGE\]\ntry: .*active = false/,
  );
  const listed = await production.run(["location", "list"]);
  assert.doesNotMatch(listed.stdout, /paused/);
});
