import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { startBlackHoleProxy } from "../../../../testing/black-hole-proxy.ts";
import { issueClientCertificate, makeCertificates } from "../../../../testing/certificates.ts";
import { without } from "../../../../testing/require-server.ts";
import { databaseClock } from "../../src/checks/database/clock.ts";
import { databaseIdentity } from "../../src/checks/database/identity.ts";
import { latestVersion } from "../../src/opsdb/migrations/migrations.ts";
import { startProduction, startServers } from "../processes/production.ts";
import { checkUp } from "./checkup.ts";
import { findingOf, theFacts } from "./stand-ins.ts";

const options = { skip: without("redis-server", "openssl") };
const servers = options.skip ? undefined! : await startServers({ after }, { postgres: { tls: true } });
const database = ["--category", "database"];

test("a database that is well", options, async (t) => {
  const production = await startProduction(t, servers);
  const well = await checkUp(production, database);
  assert.deepEqual([well.code, well.ids("failure", "warning", "not-run", "skipped")], [0, []]);
  well.says("database-primary", "ok", /^version 18\.\d+/);
  well.says("database-migrated", "ok", new RegExp(`^ccat_data_transfer, version ${latestVersion}$`));
  well.says("database-rights", "ok", /^as postgres$/);
});

test("certificates: away, ended, of another authority, for another name", options, async (t) => {
  const production = await startProduction(t, servers);
  const { folder } = production;
  const away = await checkUp(production, database, { database__sslrootcert: join(folder, "certs/ca.crt") });
  away.says("database-certificate-files", "failure", /^there is no folder .*certs: is it mounted\?$/);
  away.says("database-reachable", "not-run");

  const others = await makeCertificates(join(folder, "others"));
  const untrusted = await checkUp(production, database, { database__sslrootcert: others.ca });
  untrusted.says("database-reachable", "ok");
  untrusted.says("database-tls", "failure", /no trusted connection/, "CDT-DATABASE-TLS");
  untrusted.says("database-login", "not-run", /^database-tls has failed$/);
  const renamed = await checkUp(production, database, { database__server_name: "db.example.org" });
  renamed.says("database-tls", "failure", /db\.example\.org/, "CDT-DATABASE-TLS");

  const ended = await issueClientCertificate(servers.postgres.tls!.ca, join(folder, "ended"), { days: -1 });
  const late = { database__sslcert: ended.cert, database__sslkey: ended.key };
  (await checkUp(production, database, late)).says("database-certificate-expiry", "warning", /^ours has ended on /);
  const soon = await issueClientCertificate(servers.postgres.tls!.ca, join(folder, "soon"), { days: 12 });
  const warned = await checkUp(production, database, { database__sslcert: soon.cert, database__sslkey: soon.key });
  warned.says("database-certificate-expiry", "warning", /^ours ends in 1[12] days/);
  assert.equal(warned.code, 0);
});

test("not there, silent, a wrong password, read-only", options, async (t) => {
  const production = await startProduction(t, servers);
  const proxy = await startBlackHoleProxy(t, servers.postgres);
  proxy.blackHole();
  for (const port of [proxy.port, 1]) {
    const found = await checkUp(production, database, {
      database__port: String(port),
      database__connect_timeout: "1s",
    });
    found.says("database-reachable", "failure", /cannot be reached/, "CDT-DATABASE-UNREACHABLE");
    assert.match(found.found.get("database-reachable")?.help ?? "", /nc -v/);
    assert.deepEqual(found.ids("failure"), ["database-reachable"]);
  }
  const wrong = await checkUp(production, database, { database__password: "another one" });
  wrong.says("database-tls", "ok");
  wrong.says("database-login", "failure", /./, "CDT-DATABASE-LOGIN");

  await servers.postgres.query(
    `ALTER DATABASE ${production.settings.database__name} SET default_transaction_read_only = on`,
  );
  const standby = await checkUp(production, database);
  standby.says("database-login", "ok");
  standby.says("database-primary", "failure", /takes no writes/, "CDT-DATABASE-READ-ONLY");
  assert.deepEqual(standby.ids("failure"), ["database-primary"]);
});

test(
  "a schema that is not there, and a user who may not do the work; a migration is waited for",
  options,
  async (t) => {
    const production = await startProduction(t, servers, { database: "empty" });
    const empty = await checkUp(production, database);
    empty.says("database-migrated", "failure", /nothing of ours is in it yet/, "CDT-NOT-MIGRATED");
    assert.match(empty.found.get("database-migrated")?.help ?? "", /^ccat_data_transfer db migrate/);
    empty.says("database-rights", "not-run", /^database-migrated has failed$/);

    const waiting = checkUp(production, [...database, "--wait", "110s"]);
    assert.equal((await production.run(["db", "migrate"])).code, 0);
    assert.equal((await waiting).code, 0);

    await servers.postgres.query("CREATE ROLE somebody LOGIN PASSWORD 'secret of some'");
    production.keepSecret("secret of some");
    const as = { database__user: "somebody", database__password: "secret of some" };
    // Without the right to look into the schema it cannot even be told whether it is migrated.
    (await checkUp(production, database, as)).says("database-migrated", "failure", /./, "CDT-DATABASE-FORBIDDEN");
    await servers.postgres.query("GRANT ccat_reader TO somebody");
    const reader = await checkUp(production, database, as);
    reader.says("database-rights", "failure", /^somebody lacks UPDATE on staging_job, .* and \d more$/);
    await servers.postgres.query("GRANT ccat_worker TO somebody");
    const worker = await checkUp(production, database, as);
    assert.deepEqual([worker.code, worker.ids("failure", "warning")], [0, []]);
  },
);

test("over a network TLS and the name of the server count", async () => {
  const server = (encrypted: boolean) => async () => ({ version: "18", user: "u", encrypted, ahead: 0, unsure: 0 });
  const over = (sslmode: string, encrypted: boolean, host = "db.example.org") =>
    findingOf(databaseIdentity, theFacts({ settings: { database: { sslmode, host } }, server: server(encrypted) }));
  assert.equal((await over("verify-full", true)).state, "ok");
  assert.match((await over("require", true)).words ?? "", /anybody on the way could play PostgreSQL/);
  assert.match((await over("prefer", false)).words ?? "", /nothing is encrypted/);
  assert.equal((await over("prefer", false, "localhost")).state, "skipped");
});

test("clocks that differ are told, with the direction, unless the answer took so long that it cannot be known", async () => {
  const at = (ahead: number, unsure = 0) =>
    findingOf(
      databaseClock,
      theFacts({ server: async () => ({ version: "18", user: "u", encrypted: true, ahead, unsure }) }),
    );
  assert.equal((await at(4)).state, "ok");
  assert.match((await at(61)).words ?? "", /^PostgreSQL's is 61 s ahead$/);
  assert.match((await at(-61)).words ?? "", /^PostgreSQL's is 61 s behind$/);
  assert.equal((await at(8, 6)).state, "ok");
});
