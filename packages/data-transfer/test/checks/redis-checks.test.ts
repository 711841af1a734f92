import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { startBlackHoleProxy } from "../../../../testing/black-hole-proxy.ts";
import { issueClientCertificate, makeCertificates } from "../../../../testing/certificates.ts";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { createFacts } from "../../src/checks/facts.ts";
import { redisCertificateFiles } from "../../src/checks/redis/certificate-files.ts";
import { redisName, startProduction, startServers } from "../processes/production.ts";
import { probeChildren } from "../staging/probe-children.ts";
import { checkUp } from "./checkup.ts";
import { findingOf } from "./stand-ins.ts";

const options = { skip: without("redis-server", "openssl") };
const days = { serverNames: [redisName], serverDays: 90, clientDays: 90 };
const servers = options.skip ? undefined! : await startServers({ after }, { redis: { tls: days } });
const redis = ["--category", "redis"];

test("certificates of ours: away, of another key, ended, about to end", options, async (t) => {
  const production = await startProduction(t, servers);
  const { ca, serverKey } = servers.redis.tls!;
  const { folder } = production;

  const away = await checkUp(production, redis, { redis__ca_file: join(folder, "certs/ca.crt") });
  away.says("redis-certificate-files", "failure", /^there is no folder .*\/certs: is it mounted\?$/);
  away.says("redis-reachable", "not-run", /^redis-certificate-files has failed$/);
  const gone = await checkUp(production, redis, { redis__ca_file: join(folder, "ca.crt") });
  gone.says("redis-certificate-files", "failure", /ENOENT.*ca\.crt/);
  const other = await checkUp(production, redis, { redis__key_file: serverKey });
  other.says("redis-certificate-files", "failure", /the key is not that of the certificate/);

  const ended = await issueClientCertificate(ca, join(folder, "ended"), { days: -1 });
  const late = await checkUp(production, redis, { redis__cert_file: ended.cert, redis__key_file: ended.key });
  late.says("redis-certificate-valid", "failure", /^ours has ended on \d{4}-\d\d-\d\d$/);
  late.says("redis-reachable", "ok");
  late.says("redis-tls", "not-run", /^redis-certificate-valid has failed$/);

  const soon = await issueClientCertificate(ca, join(folder, "soon"), { days: 12 });
  const warned = await checkUp(production, redis, { redis__cert_file: soon.cert, redis__key_file: soon.key });
  warned.says("redis-certificate-expiry", "warning", /^it ends in 1[12] days, on \d{4}-/);
  warned.says("redis-scripts", "ok");
  assert.deepEqual([warned.code, warned.ids("warning", "failure")], [0, ["redis-certificate-expiry"]]);
});

test("the handshake: not trusted, another name, no certificate of ours, no TLS at all", options, async (t) => {
  const production = await startProduction(t, servers);
  const others = await makeCertificates(join(production.folder, "others"));
  for (const [settings, code] of [
    [{ redis__ca_file: others.ca }, "CDT-BROKER-CERTIFICATE-UNTRUSTED"],
    [{ redis__server_name: "redis.example.org" }, "CDT-BROKER-CERTIFICATE-NAME"],
    [{ redis__cert_file: "", redis__key_file: "" }, "CDT-BROKER-CLIENT-CERTIFICATE"],
    [{ redis__cert_file: others.cert, redis__key_file: others.key }, "CDT-BROKER-CLIENT-CERTIFICATE"],
  ] as const) {
    const found = await checkUp(production, redis, settings);
    found.says("redis-reachable", "ok");
    found.says("redis-tls", "failure", /./, code);
    found.says("redis-eviction", "not-run", /^redis-tls has failed$/);
    assert.equal(found.code, 1);
  }
  const unchecked = await checkUp(production, redis, { redis__check_hostname: "false", redis__server_name: "other" });
  unchecked.says("redis-identity", "warning", /may carry any name/);

  const plain = await startRedis(t);
  const port = String(plain.port);
  const deaf = await checkUp(production, redis, { redis__port: port, redis__connect_timeout: "2s" });
  assert.deepEqual(deaf.ids("failure").length, 1);
  const open = await checkUp(production, redis, { redis__port: port, redis__tls: "false", redis__password: undefined });
  open.says("redis-tls", "skipped", /^redis\.tls is false$/);
  open.says("redis-identity", "skipped", /it is this machine/);
  open.says("redis-scripts", "ok");
});

test("Redis' own certificate: ended, about to end", options, async (t) => {
  const production = await startProduction(t, servers);
  for (const [serverDays, judge] of [
    [-1, ["redis-tls", "failure", /./, "CDT-BROKER-CERTIFICATE-EXPIRED"]],
    [12, ["redis-server-certificate-expiry", "warning", /^it ends in 1[12] days, on /]],
  ] as const) {
    const { port, tls } = await startRedis(t, { tls: { ...days, serverDays } });
    const settings = { redis__port: String(port), redis__ca_file: tls!.ca, redis__cert_file: tls!.cert };
    const found = await checkUp(production, redis, {
      ...settings,
      redis__key_file: tls!.key,
      redis__password: undefined,
    });
    const [id, result, message, code] = judge;
    found.says(id, result, message, code);
    assert.deepEqual(found.ids("failure", "warning"), [id]);
  }
});

test("not there, silent, and a wrong password", options, async (t) => {
  const production = await startProduction(t, servers);
  const proxy = await startBlackHoleProxy(t, servers.redis);
  proxy.blackHole();
  for (const port of [proxy.port, 1]) {
    const found = await checkUp(production, redis, { redis__port: String(port), redis__connect_timeout: "1s" });
    found.says("redis-reachable", "failure", /cannot be reached/, "CDT-BROKER-UNREACHABLE");
    assert.match(found.found.get("redis-reachable")?.help ?? "", /nc -v/);
    assert.deepEqual(found.ids("failure"), ["redis-reachable"]);
  }
  const wrong = await checkUp(production, redis, { redis__password: "another one" });
  wrong.says("redis-tls", "ok");
  wrong.says("redis-login", "failure", /does not take the password/, "CDT-BROKER-LOGIN");
});

test(
  "a replica is not what we need, and nor is a policy that throws away; memory that is nearly full is warned of",
  options,
  async (t) => {
    const production = await startProduction(t, servers);
    const own = await startRedis(t);
    const settings = { redis__port: String(own.port), redis__tls: "false", redis__password: undefined };

    await own.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    const lossy = await checkUp(production, redis, settings);
    lossy.says("redis-eviction", "failure", /^maxmemory-policy is allkeys-lru/);
    assert.deepEqual(lossy.ids("failure"), ["redis-eviction"]);
    await own.cli("CONFIG", "SET", "maxmemory-policy", "noeviction");

    const used = Number(/used_memory:(\d+)/.exec(await own.cli("INFO", "memory"))![1]);
    await own.cli("CONFIG", "SET", "maxmemory", String(Math.floor(used * 1.02)));
    const full = await checkUp(production, redis, settings);
    full.says("redis-memory", "warning", /^it uses .* of /);
    await own.cli("CONFIG", "SET", "maxmemory", "1");
    (await checkUp(production, redis, settings)).says(
      "redis-memory",
      "failure",
      /when it is full it takes no messages$/,
    );
    await own.cli("CONFIG", "SET", "maxmemory", "0");

    await own.cli("REPLICAOF", "127.0.0.1", "1");
    const replica = await checkUp(production, redis, settings);
    replica.says("redis-suitable", "failure", /replica of 127\.0\.0\.1:1/, "CDT-BROKER-REFUSED");
  },
);

test("what a user may not do: run scripts, ask for the policy", options, async (t) => {
  const production = await startProduction(t, servers);
  const acl = async (...rules: string[]) => void (await servers.redis.cli("ACL", "SETUSER", "some", ...rules));
  production.keepSecret("body of some");
  const settings = { redis__username: "some", redis__password: "body of some" };
  await acl("on", ">body of some", "~*", "&*", "+@all", "-info", "-config", "-hset");
  const found = await checkUp(production, redis, settings);
  found.says("redis-eviction", "warning", /may ask neither INFO nor CONFIG/);
  assert.match(found.found.get("redis-eviction")?.help ?? "", /CONFIG GET maxmemory-policy/);
  found.says("redis-memory", "skipped");
  found.says("redis-suitable", "ok", /may not be asked for/);
  found.says("redis-scripts", "failure", /^Redis refuses HSET \(/);
  await acl("+@all", "-@scripting");
  (await checkUp(production, redis, settings)).says("redis-scripts", "failure", /^Redis refuses EVALSHA \(NOPERM/);
  await acl("+@all");
  const well = await checkUp(production, redis, settings);
  assert.deepEqual(well.ids("failure", "warning"), []);
  well.says("redis-login", "ok", /^as some$/);
});

test("certificates on a mount that hangs are a verdict, and no read that would never end", options, async (t) => {
  const { ca, cert, key } = servers.redis.tls!;
  const settings = { redis: { tls: true, caFile: ca, certFile: cert, keyFile: key }, staging: { probeTimeout: 1 } };
  const facts = createFacts({ settings, remarks: [], env: {}, locations: [] } as never);
  t.after(() => facts.close());
  assert.equal((await findingOf(redisCertificateFiles, facts)).state, "ok");
  facts.forget();
  for (const pid of probeChildren()) process.kill(pid, "SIGSTOP");
  const found = await findingOf(redisCertificateFiles, facts);
  assert.equal(found.state, "problem");
  assert.match(found.words ?? "", /tls has not answered within 1 s$/);
});
