import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { startPostgres } from "../postgres.ts";
import { startRedis, type TestRedis } from "../redis.ts";
import { without } from "../require-server.ts";

const deadline = { timeout: 120_000 };

test("Redis keeps what it was told over a crash when it writes an append-only file", {
  skip: without("redis-server"),
  ...deadline,
}, async (t) => {
  const redis = await startRedis(t, { password: "a:b/c", appendonly: true });
  assert.equal(await redis.cli("SET", "key", "value"), "OK");
  const before = redis.pid;
  await redis.restart("SIGKILL");
  assert.notEqual(redis.pid, before);
  assert.equal(await redis.cli("GET", "key"), "value");
});

test("Redis under TLS takes who shows a certificate, and nobody else", {
  skip: without("redis-server", "openssl"),
  ...deadline,
}, async (t) => {
  const redis = await startRedis(t, { tls: { serverNames: ["db.example.org"] } });
  assert.equal(await redis.cli("PING"), "PONG");
  assert.match(await overTls(redis, { withCertificate: true, servername: "db.example.org" }), /PONG/);
  await assert.rejects(overTls(redis, { withCertificate: false, servername: "db.example.org" }));
  await assert.rejects(overTls(redis, { withCertificate: true, servername: "localhost" }), {
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
});

test("a server's certificate can be one that has expired", {
  skip: without("redis-server", "openssl"),
  ...deadline,
}, async (t) => {
  const redis = await startRedis(t, { tls: { serverDays: -1 } });
  await assert.rejects(overTls(redis, { withCertificate: true, servername: "localhost" }), {
    code: "CERT_HAS_EXPIRED",
  });
});

for (const version of [15, 18] as const) {
  const skip = version === 15 ? without("postgresql-15", "openssl") : without("openssl");
  test(`PostgreSQL ${version} takes TLS alone, copies databases, and survives a crash`, {
    skip,
    ...deadline,
  }, async (t) => {
    const postgres = await startPostgres(t, { version, tls: true });
    const [row] = await postgres.query<{ server_version: string }>("SHOW server_version");
    assert.equal(Number.parseInt(row?.server_version ?? "", 10), version);
    const original = await postgres.createDatabase("original");
    await postgres.query("CREATE TABLE kept AS SELECT 1 AS n", [], original);
    const copy = await postgres.createDatabase("copy of it", original);
    await postgres.restart("SIGQUIT");
    assert.deepEqual(await postgres.query("SELECT n FROM kept", [], copy), [{ n: 1 }]);
  });
}

test("servers end with a test process that is killed", { skip: without("redis-server"), ...deadline }, async () => {
  const program = `
    const { startRedis } = await import(${JSON.stringify(new URL("../redis.ts", import.meta.url).href)});
    const { startPostgres } = await import(${JSON.stringify(new URL("../postgres.ts", import.meta.url).href)});
    const scope = { after() {} };
    const [redis, postgres] = await Promise.all([startRedis(scope), startPostgres(scope)]);
    console.log(JSON.stringify([redis.pid, postgres.pid]));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const pids = JSON.parse(line.toString()) as number[];
  assert.ok(pids.every((pid) => existsSync(`/proc/${pid}`)));
  child.kill("SIGKILL");
  await Promise.all(pids.map(gone));
});

/** Sends PING and answers what comes back. */
async function overTls(
  redis: TestRedis,
  { withCertificate, servername }: { withCertificate: boolean; servername: string },
): Promise<string> {
  const files = redis.tls ?? assert.fail("without TLS");
  const client = withCertificate ? { cert: await readFile(files.cert), key: await readFile(files.key) } : {};
  const socket = connectTls({
    host: redis.host,
    port: redis.port,
    servername,
    ca: await readFile(files.ca),
    ...client,
  });
  try {
    socket.write("PING\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    return answer.toString();
  } finally {
    socket.destroy();
  }
}

/** Fulfilled when the process has ended; `tail --pid` waits for one that is not our child. */
async function gone(pid: number): Promise<void> {
  await promisify(execFile)("tail", ["-f", "/dev/null", `--pid=${pid}`, "-s", "0.05"]);
}
