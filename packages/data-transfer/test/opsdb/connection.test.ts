import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { after, suite, test } from "node:test";
import sql from "sql-template-tag";
import { startBlackHoleProxy } from "../../../../testing/black-hole-proxy.ts";
import { startFaultProxy } from "../../../../testing/fault-proxy.ts";
import { startPostgres } from "../../../../testing/postgres.ts";
import {
  DatabaseBusy,
  DatabaseLogin,
  DatabaseRefused,
  DatabaseTls,
  DatabaseUnreachable,
  NotMigrated,
} from "../../src/errors/database.ts";
import { type DatabaseOptions, openDatabase } from "../../src/opsdb/database.ts";
import { quiet, startDatabases } from "./test-database.ts";

type Test = { after(work: () => void | Promise<void>): void };

function opened(t: Test, options: DatabaseOptions) {
  const db = openDatabase(options, quiet);
  t.after(() => db.close());
  return db;
}

suite("the connection", async () => {
  const databases = await startDatabases(18);

  test("brings counts as numbers, times as ISO 8601, and nothing for NULL", async (t) => {
    const db = await databases.open(t);
    const rows = await db.query(sql`
      SELECT 9007199254740991::bigint AS big, '2026-01-02 03:04:05.678+02'::timestamptz AS at, NULL::text AS nothing,
             '{"a": null}'::jsonb AS json`);
    assert.deepEqual(rows, [
      { big: Number.MAX_SAFE_INTEGER, at: "2026-01-02T01:04:05.678Z", nothing: undefined, json: { a: null } },
    ]);
    await assert.rejects(db.query(sql`SELECT 9007199254740993::bigint`), RangeError);
  });

  test("a transaction is undone as a whole, and what its work throws comes out as it was", async (t) => {
    const db = await databases.open(t);
    const own = new Error("changed my mind");
    const work = db.transaction(async (tx) => {
      await tx.query(sql`INSERT INTO broker_epoch (epoch) VALUES ('x')`);
      throw own;
    });
    await assert.rejects(work, (error) => error === own);
    assert.deepEqual(await db.query(sql`SELECT * FROM broker_epoch`), []);
    await assert.rejects(
      db.transaction(async (tx) => {
        await tx.query(sql`INSERT INTO broker_epoch (epoch) VALUES ('x')`);
        await tx.query(sql`INSERT INTO broker_epoch (epoch) VALUES ('y')`);
      }),
      DatabaseRefused,
    );
    assert.deepEqual(await db.query(sql`SELECT * FROM broker_epoch`), []);
  });

  test("wrong password, unknown user and unknown database are named, without the password", async (t) => {
    const right = databases.options("template");
    for (const wrong of [{ password: "hunter2" }, { user: "nobody" }, { database: "nowhere" }]) {
      await assert.rejects(opened(t, { ...right, ...wrong }).ping(), (error) => {
        assert.ok(error instanceof DatabaseLogin, String(error));
        assert.doesNotMatch(JSON.stringify(error) + error.message, /hunter2|secret/);
        return true;
      });
    }
  });

  test("nobody at the port, no such host, and a server that never answers are unreachable", async (t) => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    t.after(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const right = databases.options("template");
    for (const wrong of [{ port: 1 }, { host: "no-such-host.invalid" }, { port, connectTimeoutMs: 300 }]) {
      await assert.rejects(opened(t, { ...right, ...wrong }).ping(), DatabaseUnreachable, JSON.stringify(wrong));
    }
  });

  test("a table that is not there says that the database is not migrated", async (t) => {
    await databases.server.createDatabase("bare");
    await assert.rejects(opened(t, databases.options("bare")).query(sql`SELECT * FROM staging_item`), NotMigrated);
  });

  test("a statement that takes too long is given up; a network that swallows it is as good as broken", async (t) => {
    const slow = opened(t, { ...databases.options("template"), statementTimeoutMs: 200 });
    await assert.rejects(slow.query(sql`SELECT pg_sleep(60)`), DatabaseBusy);
    await slow.ping();

    const proxy = await startBlackHoleProxy(t, databases.server);
    const far = opened(t, {
      ...databases.options("template"),
      port: proxy.port,
      statementTimeoutMs: 200,
      connectTimeoutMs: 5000,
    });
    await far.ping();
    proxy.blackHole();
    await assert.rejects(far.ping(), DatabaseUnreachable);
    proxy.pass();
    await far.ping();
  });

  test("when one connection has died without a word, those that lay idle beside it are not tried in turn", async (t) => {
    const proxy = await startFaultProxy(t, databases.server);
    const far = opened(t, { ...databases.options("template"), port: proxy.port, statementTimeoutMs: 200, poolSize: 4 });
    await Promise.all(Array.from({ length: 4 }, () => far.query(sql`SELECT pg_sleep(0.1)`)));
    assert.equal(proxy.connections, 4);
    await proxy.play({ kind: "half-open", told: "server" });
    assert.equal(proxy.hits, 4);
    await assert.rejects(far.ping(), DatabaseUnreachable);
    await far.ping();
    await Promise.all(Array.from({ length: 4 }, () => far.query(sql`SELECT pg_sleep(0.1)`)));
  });

  test("a schema that would have to be quoted is refused", () => {
    for (const schema of ["Ours", "a b", "", 'x"; DROP', "1st", "pg_catalog"]) {
      assert.throws(() => openDatabase({ ...databases.options("template"), schema }, quiet), RangeError, schema);
    }
  });

  test("without TLS on the server, 'prefer' goes on in the clear and 'require' does not", async (t) => {
    await opened(t, { ...databases.options("template"), sslMode: "prefer" }).ping();
    await assert.rejects(opened(t, { ...databases.options("template"), sslMode: "require" }).ping(), (error) => {
      assert.ok(error instanceof DatabaseTls);
      assert.equal(error.facts.problem, "not_offered");
      return true;
    });
  });

  test("notifications are heard, also after the server was restarted, and the gap is told", async (t) => {
    const server = await startPostgres(t, { version: 18 });
    const db = opened(t, { ...databases.options("postgres"), port: server.port });
    const heard: (string | undefined)[] = [];
    let news = Promise.withResolvers<void>();
    const listener = await db.listen("cdt_test", (payload) => {
      heard.push(payload);
      news.resolve();
    });
    await db.query(sql`SELECT pg_notify('cdt_test', 'one')`);
    await news.promise;
    news = Promise.withResolvers<void>();
    await server.restart("SIGKILL");
    await news.promise;
    news = Promise.withResolvers<void>();
    await db.query(sql`SELECT pg_notify('cdt_test', 'two')`);
    await news.promise;
    assert.deepEqual(heard, ["one", undefined, "two"]);
    await listener.stop();
    assert.deepEqual(await server.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"), []);
  });

  test("a server that goes away in the middle is unreachable, and used again when it is back", async (t) => {
    const server = await startPostgres(t, { version: 18 });
    const db = opened(t, { ...databases.options("postgres"), port: server.port });
    const sleeping = assert.rejects(db.query(sql`SELECT pg_sleep(60)`), DatabaseUnreachable);
    const [{ pid }] = await waitForSleeper(server);
    assert.ok(pid);
    await server.stop("SIGINT");
    await sleeping;
    await assert.rejects(db.ping(), DatabaseUnreachable);
    await server.restart();
    await db.ping();
  });
});

suite("TLS to the database", async () => {
  const good = await startPostgres({ after }, { version: 18, tls: { serverNames: ["db.example"] } });
  const expired = await startPostgres({ after }, { version: 18, tls: { serverDays: -1 } });

  const options = (server: typeof good): DatabaseOptions => ({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database: "postgres",
    schema: "ccat_data_transfer",
  });

  test("verify-full checks authority and name, where asked another name than the host's", async (t) => {
    const verified = { ...options(good), sslMode: "verify-full", sslRootCert: good.tls!.ca } as const;
    const db = opened(t, { ...verified, sslServerName: "db.example" });
    const [row] = await db.query<{ ssl: boolean }>(sql`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`);
    assert.equal(row?.ssl, true);
    await refused(opened(t, verified), "wrong_name");
    await refused(opened(t, { ...verified, sslRootCert: expired.tls!.ca }), "untrusted");
    await refused(opened(t, { ...verified, sslRootCert: "/nowhere/ca.crt" }), "unreadable_file");
  });

  test("verify-ca takes any name, require and prefer any certificate, and disable is turned away", async (t) => {
    await opened(t, { ...options(good), sslMode: "verify-ca", sslRootCert: good.tls!.ca }).ping();
    await opened(t, { ...options(good), sslMode: "require" }).ping();
    await refused(opened(t, { ...options(good), sslMode: "require", sslRootCert: expired.tls!.ca }), "untrusted");
    await opened(t, { ...options(good), sslMode: "prefer" }).ping();
    await assert.rejects(opened(t, { ...options(good), sslMode: "disable" }).ping(), DatabaseLogin);
  });

  test("an expired certificate is named as such", async (t) => {
    await refused(opened(t, { ...options(expired), sslMode: "verify-full", sslRootCert: expired.tls!.ca }), "expired");
  });

  test("notifications come through TLS too", async (t) => {
    const db = opened(t, { ...options(good), sslMode: "verify-ca", sslRootCert: good.tls!.ca });
    const heard = Promise.withResolvers<string | undefined>();
    await db.listen("cdt_test", heard.resolve);
    await db.query(sql`SELECT pg_notify('cdt_test', 'hello')`);
    assert.equal(await heard.promise, "hello");
  });

  async function refused(db: ReturnType<typeof opened>, problem: string): Promise<void> {
    await assert.rejects(db.ping(), (error) => {
      assert.ok(error instanceof DatabaseTls, String(error));
      assert.equal(error.facts.problem, problem);
      return true;
    });
  }
});

async function waitForSleeper(server: Awaited<ReturnType<typeof startPostgres>>): Promise<[{ pid: number }]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const rows = await server.query<{ pid: number }>("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    if (rows[0]) return [rows[0]];
    if (Date.now() > deadline) throw new Error("nobody fell asleep within 30 s");
  }
}
