import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { without } from "../../../../testing/require-server.ts";
import { examineCertificates, examineRedis, RedisError } from "../../src/index.ts";
import { startRedisWorld } from "./redis-world.ts";

const options = { skip: without("redis-server", "openssl") };

test("a Redis that is well is described, and nothing stays behind", options, async (t) => {
  const { server, peer } = await startRedisWorld(t, { args: ["--maxmemory", "64mb"] });
  const found = await examineRedis({ host: server.host, port: server.port });
  assert.match(found.version ?? "", /^\d+\.\d+\.\d+$/);
  assert.deepEqual([found.policy, found.maxMemory, found.refused], ["noeviction", 64 << 20, []]);
  assert.ok(found.usedMemory! > 0);
  assert.equal(found.certificate, undefined);
  assert.deepEqual(await peer.keys("*"), []);
});

test("with TLS both certificates are described", options, async (t) => {
  const { server } = await startRedisWorld(t, { tls: { serverDays: 12, clientDays: 40 } });
  const { ca, cert, key } = server.tls!;
  const tls = { ca, cert, key, serverName: "localhost" };
  const { certificate } = await examineRedis({ host: server.host, port: server.port, tls });
  assert.equal(certificate?.commonName, "localhost");
  assert.equal(Math.round((certificate.to.getTime() - Date.now()) / 86_400_000), 12);
  const { own, authorities } = await examineCertificates(tls);
  assert.equal(own?.commonName, "test client");
  assert.equal(Math.round((own.to.getTime() - Date.now()) / 86_400_000), 40);
  assert.deepEqual(
    authorities.map(({ commonName }) => commonName),
    ["test authority"],
  );
});

test("files that do not fit together are told without a connection", options, async (t) => {
  const { server } = await startRedisWorld(t, { tls: true });
  const { ca, cert, serverKey } = server.tls!;
  await assert.rejects(examineCertificates({ ca, cert, key: serverKey }), isTlsFiles(/the key is not that of/));
  await assert.rejects(examineCertificates({ ca: `${ca}.gone` }), isTlsFiles(/ENOENT/));
  writeFileSync(ca, "no certificate");
  await assert.rejects(examineCertificates({ ca }), isTlsFiles(/the CA file holds no certificate/));
});

test("what a user's scripts may not do is told, command by command", options, async (t) => {
  const { server, peer } = await startRedisWorld(t);
  const login = { host: server.host, port: server.port, username: "some", password: "body" };
  await peer.call("ACL", "SETUSER", "some", "on", ">body", "~*", "&*", "+@all", "-zadd", "-info", "-config");
  const found = await examineRedis(login);
  assert.deepEqual(
    found.refused.map(({ command }) => command),
    ["ZADD"],
  );
  assert.match(found.refused[0]!.why, /permission|can't run this command/i);
  assert.deepEqual([found.policy, found.version, found.maxMemory], [undefined, undefined, undefined]);
  await peer.call("ACL", "SETUSER", "some", "+config");
  assert.equal((await examineRedis(login)).policy, "noeviction", "who may not ask INFO may ask the configuration");

  await peer.call("ACL", "SETUSER", "some", "-del");
  const careful = await examineRedis(login);
  assert.deepEqual(
    careful.refused.map(({ command }) => command),
    ["DEL"],
  );
  assert.deepEqual(await peer.keys("*"), [], "who may not delete writes nothing");

  await peer.call("ACL", "SETUSER", "some", "+@all", "resetkeys", "~cdt:*", "~celery-task-meta-*");
  const keys = await examineRedis(login);
  assert.deepEqual(
    keys.refused.map(({ command }) => command),
    ["HDEL", "ZREM"],
    "kombu's own keys",
  );

  await peer.call("ACL", "SETUSER", "some", "-eval", "-evalsha", "~*");
  const none = await examineRedis(login);
  assert.equal(none.refused[0]?.command, "EVALSHA");
  assert.match(none.refused[0].why, /evalsha/i);
  assert.equal(none.policy, "noeviction");
});

test("every command that a script of ours calls is tried", () => {
  const folders = ["broker", "results"].map((part) => fileURLToPath(new URL(`../../src/${part}/lua`, import.meta.url)));
  const called = new Set<string>();
  let tried = new Set<string>();
  for (const path of folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))) {
    const text = readFileSync(path, "utf8");
    if (path.endsWith("/examine.lua")) tried = namesIn(text, /\btry\('([A-Z]+)'/g);
    else for (const name of namesIn(text, /\bredis\.p?call\('([A-Z]+)'/g)) called.add(name);
  }
  assert.ok(called.size > 30);
  assert.deepEqual(
    [...called].filter((name) => !tried.has(name)),
    [],
  );
  assert.deepEqual(
    [...tried].filter((name) => !called.has(name)),
    [],
    "and no other",
  );
});

function namesIn(text: string, pattern: RegExp): Set<string> {
  return new Set([...text.matchAll(pattern)].map((match) => match[1]!));
}

function isTlsFiles(sentence: RegExp) {
  return (error: unknown) =>
    error instanceof RedisError && error.code === "CDT-REDIS-TLS-FILES" && sentence.test(error.message);
}
