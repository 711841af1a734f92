import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { redisBroker } from "../../src/broker/redis.ts";
import { redisLink } from "../../src/broker/redis-connection.ts";
import { RedisError } from "../../src/broker/redis-errors.ts";
import { redisUseSsl } from "../../src/broker/redis-tls.ts";
import { redisUrl } from "../../src/broker/redis-url.ts";
import { redisResults } from "../../src/results/redis.ts";

const asBroker = { use: "broker" } as const;
const asBackend = { use: "backend" } as const;
const plain = { port: 6379, db: 0, username: undefined, password: undefined, tls: undefined };

/** What a reader may think of, and what it means. */
const urls: Record<string, object> = {
  "redis://": { ...plain, host: "localhost" },
  "redis://redis.example": { ...plain, host: "redis.example" },
  "redis://redis.example:6380/3": { ...plain, host: "redis.example", port: 6380, db: 3 },
  "redis://redis.example//3/": { ...plain, host: "redis.example", db: 3 },
  "REDIS://redis.example/": { ...plain, host: "redis.example" },
  "redis://:secret@h": { ...plain, host: "h", password: "secret" },
  "redis://user@h": { ...plain, host: "h", username: "user" },
  "redis://us%40er:p%2F%3B%40%25%C3%A9@h:1/2": {
    ...plain,
    host: "h",
    port: 1,
    db: 2,
    username: "us@er",
    password: "p/;@%é",
  },
  "redis://:a@b%zz@h": { ...plain, host: "h", password: "a@b%zz" },
  "redis://[::1]:6380": { ...plain, host: "::1", port: 6380 },
  "redis://h/1?virtual_host=4": { ...plain, host: "h", db: 4 },
  "redis://h?client_name=me&socket_timeout=30&socket_connect_timeout=2.5&health_check_interval=25": {
    ...plain,
    host: "h",
    clientName: "me",
    answerTimeout: 30_000,
    connectTimeout: 2500,
  },
  "rediss://h": { ...plain, host: "h", tls: {} },
  "rediss://h?ssl_cert_reqs=CERT_REQUIRED": { ...plain, host: "h", tls: { certReqs: "required" } },
  "rediss://h?ssl_cert_reqs=optional&ssl_check_hostname=False": {
    ...plain,
    host: "h",
    tls: { certReqs: "optional", checkHostName: false },
  },
  "rediss://h?ssl_cert_reqs=CERT_NONE": { ...plain, host: "h", tls: { certReqs: "none" } },
  "rediss://:p@h:6380/0?ssl_cert_reqs=required&ssl_ca_certs=%2Fetc%2Fssl%2Four%20ca.crt&ssl_certfile=/c.crt&ssl_keyfile=c.key&ssl_check_hostname=true":
    {
      ...plain,
      host: "h",
      port: 6380,
      password: "p",
      tls: {
        certReqs: "required",
        ca: "/etc/ssl/our ca.crt",
        cert: "/c.crt",
        key: "c.key",
        checkHostName: true,
      },
    },
};

test("a Celery URL says where Redis is and how to get in, whatever is encoded in it", () => {
  for (const [url, meaning] of Object.entries(urls)) assert.deepEqual(redisUrl(url, asBroker), meaning, url);
});

test("a list of broker URLs is a server and its alternates, each with a login of its own", () => {
  assert.deepEqual(redisUrl("redis://:a@one/1; rediss://two:6380;redis://u:b@three;", asBroker), {
    ...plain,
    host: "one",
    db: 1,
    password: "a",
    alternates: [
      { ...plain, host: "two", port: 6380, tls: {} },
      { ...plain, host: "three", username: "u", password: "b" },
    ],
  });
});

test("a URL that is not understood is refused with a sentence, and its password is not shown", () => {
  const refused: [string, RegExp, ("broker" | "backend")?][] = [
    ["", /the broker's URL is empty; redis:\/\/host:port\/db is spoken here/],
    ["redis.example:6379", /does not begin with a scheme; redis:\/\/ and rediss:\/\/ are spoken here/],
    ["amqp://guest:pa55word@h//", /the broker's amqp:\/\/ is not spoken; redis:\/\/ and rediss:\/\/ are spoken here/],
    ["rpc://", /the backend's rpc:\/\/ is not spoken/, "backend"],
    ["sentinel://:pa55word@h:26379;sentinel://h2", /Redis Sentinel \(sentinel:\/\/\) is not spoken/],
    ["redis+sentinel://h", /Redis Sentinel/],
    ["redis+cluster://:pa55word@h", /Redis Cluster \(redis\+cluster:\/\/\) is not spoken: the keys of one queue/],
    ["redis+socket:///run/redis.sock", /Unix sockets/],
    ["redis://:pa55word@h:port/0", /cannot be read; are special characters of the password percent-encoded/],
    ["redis://:pa55word/x@h", /cannot be read/],
    ["redis://:pa55word%ff@h", /not UTF-8/],
    ["redis://:pa55word@h/zero", /URL for h names the database zero; it is a number/],
    ["redis://:pa55word@h/0?ssl_cert_reqs=none", /has the option ssl_cert_reqs and no TLS; .* rediss:\/\//],
    ["redis://h?ssl_ca_certs=/ca.crt", /ssl_ca_certs and no TLS/, "backend"],
    ["rediss://:pa55word@h?ssl_cert_reqs=perhaps", /an ssl_cert_reqs that says nothing: it is CERT_REQUIRED/],
    ["rediss://h?ssl_ca_path=/etc", /the option ssl_ca_path; known are ssl_cert_reqs, ssl_ca_certs/],
    ["rediss://:pa55word@h", /must have ssl_cert_reqs, as Celery's result backend demands/, "backend"],
    ["redis://one;redis://:pa55word@two", /a list of them is understood for brokers only/, "backend"],
    ["redis://:pa55word@h?socket_timeout=soon", /socket_timeout=soon; it is a time in seconds/],
    ["redis://:pa55word@h?colour=red", /the option colour; ssl_\*, client_name/],
  ];
  for (const [url, sentence, use = "broker"] of refused) {
    assert.throws(
      () => redisUrl(url, { use }),
      (error) => {
        assert.ok(error instanceof RedisError, url);
        assert.equal(error.code, "CDT-REDIS-URL", url);
        assert.equal(error.kind, "configuration");
        assert.match(error.message, sentence, url);
        assert.ok(
          !`${error.stack} ${JSON.stringify(error)} ${error.cause}`.includes("pa55"),
          "the password is not told",
        );
        return true;
      },
      url,
    );
  }
});

test("broker_use_ssl and redis_backend_use_ssl are understood as Celery has them", () => {
  const all = {
    ssl_cert_reqs: 2,
    ssl_ca_certs: "/ca",
    ssl_certfile: "/c",
    ssl_keyfile: "/k",
    ssl_check_hostname: false,
  };
  const meaning = { certReqs: "required", ca: "/ca", cert: "/c", key: "/k", checkHostName: false };
  assert.deepEqual(redisUseSsl(all, asBroker), meaning);
  assert.deepEqual(redisUseSsl(all, asBackend), meaning);
  for (const nothing of [undefined, null, false]) assert.equal(redisUseSsl(nothing, asBroker), undefined);
  assert.deepEqual(redisUseSsl(true, asBroker), {});
  assert.deepEqual(redisUseSsl({ ssl_cert_reqs: 0, ssl_keyfile: null }, asBackend), { certReqs: "none" });
  assert.deepEqual(redisUseSsl({ ssl_cert_reqs: 1 }, asBackend), { certReqs: "optional" });
  const refused: [unknown, "broker" | "backend", RegExp][] = [
    [{}, "backend", /redis_backend_use_ssl must have ssl_cert_reqs/],
    [true, "backend", /redis_backend_use_ssl must have ssl_cert_reqs/],
    [{ ssl_cert_reqs: 3 }, "broker", /broker_use_ssl has an ssl_cert_reqs that says nothing/],
    [{ keyfile: "/k" }, "broker", /broker_use_ssl has the option keyfile; known are/],
    [{ ssl_keyfile: 7 }, "broker", /broker_use_ssl has an ssl_keyfile that says nothing: it is a path/],
    ["yes", "broker", /broker_use_ssl is true, false, or a dictionary/],
  ];
  for (const [setting, use, sentence] of refused) {
    assert.throws(() => redisUseSsl(setting, { use }), { code: "CDT-REDIS-URL", message: sentence });
  }
});

test("kombu reads the same from the same URLs", { skip: without("python3-celery"), timeout: 120_000 }, async () => {
  const script = `
import json, sys
from kombu.utils.url import parse_url
def read(url):
    parts = parse_url(url)
    return {**parts, "ssl": {k: str(int(v) if k == "ssl_cert_reqs" else v) for k, v in parts.get("ssl", {}).items()}}
print(json.dumps([read(url) for url in json.load(sys.stdin)]))`;
  // An upper-case scheme is nothing to kombu, and virtual_host something only to Celery's backend.
  const asked = Object.keys(urls).filter((url) => !/^REDIS|virtual_host/.test(url));
  const python = promisify(execFile)("/usr/bin/python3", ["-c", script]);
  python.child.stdin!.end(JSON.stringify(asked));
  const answers = JSON.parse((await python).stdout) as Record<string, string | number | null>[];
  for (const [i, url] of asked.entries()) {
    const theirs = answers[i]!;
    const ours = redisUrl(url, asBroker);
    assert.equal(ours.host, theirs.hostname ?? "localhost", url);
    assert.equal(ours.port, theirs.port ?? 6379, url);
    assert.equal(ours.username, theirs.userid ?? undefined, url);
    assert.equal(ours.password, theirs.password ?? undefined, url);
    assert.equal(ours.db, Number(String(theirs.virtual_host ?? "0").replaceAll("/", "")), url);
    const ssl = theirs.ssl as unknown as Record<string, string>;
    assert.equal(ours.tls?.ca, ssl.ssl_ca_certs, url);
    assert.equal(ours.tls?.cert, ssl.ssl_certfile, url);
    assert.equal(ours.tls?.key, ssl.ssl_keyfile, url);
    assert.equal(ours.tls?.certReqs, { 0: "none", 1: "optional", 2: "required" }[ssl.ssl_cert_reqs ?? ""], url);
  }
});

test("broker, results and connection are opened with a URL alone, and what is given besides goes first", {
  skip: without("redis-server", "openssl"),
  timeout: 120_000,
}, async (t) => {
  const server = await startRedis(t, { tls: true, password: "p@ss/w;rd%" });
  const { ca, cert, key } = server.tls!;
  const query = new URLSearchParams({
    ssl_cert_reqs: "required",
    ssl_ca_certs: ca,
    ssl_certfile: cert,
    ssl_keyfile: key,
  });
  const url = `${server.url}/2?${query}`;
  const broker = redisBroker({ url });
  t.after(() => broker.close());
  await broker.connect();
  const results = redisResults({ url });
  t.after(() => results.close());
  await results.connect();

  const link = redisLink({ url, clientName: "by-url", tls: { serverName: "localhost" } });
  t.after(() => link.close());
  await link.connect();
  const info = await link.run((redis) => redis.client("INFO"));
  assert.match(String(info), / name=by-url .* db=2 /);
  const other = redisLink({ url, tls: { serverName: "elsewhere.example" } });
  await assert.rejects(other.connect(), { code: "CDT-REDIS-CERTIFICATE-NAME" });
  const stranger = redisLink({ url, password: "wrong" });
  await assert.rejects(stranger.connect(), { code: "CDT-REDIS-PASSWORD" });
});
