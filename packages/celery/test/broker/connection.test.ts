import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startBlackHoleProxy } from "../../../../testing/black-hole-proxy.ts";
import { freePort } from "../../../../testing/free-port.ts";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { type RedisConnectionOptions, type RedisLink, redisLink } from "../../src/broker/redis-connection.ts";
import { RedisError } from "../../src/broker/redis-errors.ts";
import { startFakeRedis } from "./fake-redis.ts";

const skip = without("redis-server");
const it = (story: string, tell: (t: TestContext) => Promise<void>) => test(story, { skip, timeout: 180_000 }, tell);

it("a server that was down for twenty seconds is used again within five of its return", async (t) => {
  const server = await startRedis(t);
  const link = await connected(t, server);
  await server.stop("SIGKILL");
  await pause(20_000);
  const back = ready(link);
  await server.restart();
  const since = performance.now();
  await back;
  t.diagnostic(`back ${Math.round(performance.now() - since)} ms after the server`);
  assert.ok(performance.now() - since < 5000);
  assert.equal(await link.run((redis) => redis.ping()), "PONG");
});

it("a network that swallowed everything for twenty seconds, new connections too, is used again within five of its return", async (t) => {
  const server = await startRedis(t);
  const proxy = await startBlackHoleProxy(t, server);
  const link = await connected(t, proxy);
  const lost = once(link.onLost);
  proxy.blackHole();
  await lost;
  await pause(20_000);
  const back = ready(link);
  const since = performance.now();
  proxy.pass();
  await back;
  t.diagnostic(`back ${Math.round(performance.now() - since)} ms after the network`);
  assert.ok(performance.now() - since < 5000);
});

it("commands fail at once while the connection is down, with the reason, and are never sent again", async (t) => {
  const server = await startRedis(t);
  const proxy = await startBlackHoleProxy(t, server);
  const link = redisLink({ host: proxy.host, port: proxy.port, answerTimeout: 500 });
  t.after(() => link.close());
  await assert.rejects(
    link.run((redis) => redis.ping()),
    { code: "CDT-REDIS-UNREACHABLE", message: /not connected/ },
  );
  await link.connect();
  proxy.blackHole();
  const answer = link.run((redis) => redis.incr("counter"));
  await assert.rejects(answer, { code: "CDT-REDIS-UNREACHABLE", message: /no answer for 0.5 s/ });
  const since = performance.now();
  await assert.rejects(
    link.run((redis) => redis.incr("counter")),
    { code: "CDT-REDIS-UNREACHABLE" },
  );
  assert.ok(performance.now() - since < 100);
  const back = ready(link);
  proxy.pass();
  await back;
  assert.equal(await link.run((redis) => redis.get("counter")), null);
});

it("a mistake in the caller's own code is not taken for a fault of Redis", async (t) => {
  const link = await connected(t, await startRedis(t));
  const mistake = new TypeError("undefined is not a function");
  await assert.rejects(
    link.run(() => Promise.reject(mistake)),
    mistake,
  );
  await assert.rejects(
    link.run((redis) => redis.call("NONSENSE")),
    { code: "CDT-REDIS-REFUSED" },
  );
  assert.equal(await link.run((redis) => redis.ping()), "PONG");
});

it("a process that was busy for longer than the patience with the server does not take it for gone", async (t) => {
  const server = await startRedis(t);
  const link = await connected(t, server, { answerTimeout: 300 });
  let losses = 0;
  link.onLost(() => losses++);
  for (let round = 0; round < 5; round++) {
    await pause(100 + 40 * round);
    const answer = link.run((redis) => redis.ping());
    for (const until = performance.now() + 1000; performance.now() < until; ) {}
    assert.equal(await answer, "PONG");
  }
  assert.equal(losses, 0);
});

it("of a list of servers the next one is tried when one cannot be used, and the first serves again when it is back", async (t) => {
  const first = await startRedis(t, { password: "one" });
  const second = await startRedis(t, { password: "two" });
  const link = redisLink({
    url: `redis://127.0.0.1:${await freePort()};${first.url};${second.url}/1`,
    clientName: "me",
  });
  t.after(() => link.close());
  await link.connect();
  await link.run((redis) => redis.set("here", "first"));
  const over = ready(link);
  await first.stop("SIGKILL");
  await over;
  assert.equal(await link.run((redis) => redis.get("here")), null);
  assert.match(String(await link.run((redis) => redis.client("INFO"))), / db=1 /);
  const back = ready(link);
  await first.restart();
  await second.stop("SIGKILL");
  await back;
  assert.match(String(await link.run((redis) => redis.client("INFO"))), / db=0 /);

  const hopeless = redisLink({ url: `redis://:wrong@127.0.0.1:${first.port};redis://127.0.0.1:${await freePort()}` });
  await assert.rejects(hopeless.connect(), { code: "CDT-REDIS-PASSWORD" }, "what a person can mend is said first");
});

it("a server that has become a replica is left for the one that takes writes", async (t) => {
  const first = await startRedis(t);
  const second = await startRedis(t);
  const link = await connected(t, first, { alternates: [{ host: second.host, port: second.port }] });
  const lost = once(link.onLost);
  const back = ready(link);
  await first.cli("REPLICAOF", second.host, String(second.port));
  await assert.rejects(
    link.run((redis) => redis.set("k", "v")),
    { code: "CDT-REDIS-NOT-READY", kind: "transient" },
  );
  assert.equal((await lost)?.code, "CDT-REDIS-NOT-READY");
  await back;
  await link.run((redis) => redis.set("k", "v"));
  assert.equal(await second.cli("GET", "k"), "v");

  const alone = redisLink({ host: first.host, port: first.port });
  await assert.rejects(alone.connect(), {
    code: "CDT-REDIS-NOT-READY",
    message: new RegExp(`is a replica of 127.0.0.1:${second.port} and takes no writes`),
  });
});

it("a refusal of writes ends the connection when it is met in a pipeline or in a script, too", async (t) => {
  const server = await startRedis(t);
  const works: Parameters<RedisLink["run"]>[0][] = [
    (redis) => redis.pipeline().ping().set("k", "v").exec(),
    (redis) => redis.eval("return redis.call('SET', KEYS[1], 'v')", 1, "k").catch(() => {}),
  ];
  for (const [round, work] of works.entries()) {
    const link = await connected(t, server);
    const lost = once(link.onLost);
    await server.cli("REPLICAOF", "127.0.0.1", String(await freePort()));
    await link.run(work);
    assert.equal((await lost)?.code, "CDT-REDIS-NOT-READY", `round ${round}`);
    await server.cli("REPLICAOF", "NO", "ONE");
    link.close();
  }
});

it("a Redis that loads its data is waited for, and says so meanwhile", async (t) => {
  const server = await startRedis(t, {
    args: ["--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024"],
  });
  const link = await connected(t, server);
  await link.run((redis) => redis.mset(...Array.from({ length: 60 }, (_, i) => [`key ${i}`, "x".repeat(1100)]).flat()));
  await server.cli("CONFIG", "SET", "rdbcompression", "no");
  await server.cli("SAVE");
  const lost = once(link.onLost);
  await server.stop("SIGKILL");
  await lost;
  const back = ready(link);
  const restarting = server.restart();
  const said = new Set<string>();
  const watching = (async () => {
    for (let isBack = false; !isBack; ) {
      await link
        .run((redis) => redis.ping())
        .then(
          () => {
            isBack = true;
          },
          (error: RedisError) => said.add(`${error.code} ${error.kind}`),
        );
      await pause(20);
    }
  })();
  await restarting;
  const since = performance.now();
  await back;
  assert.ok(performance.now() - since < 5000);
  await watching;
  assert.ok(said.has("CDT-REDIS-NOT-READY transient"), [...said].join());
  assert.equal(await link.run((redis) => redis.dbsize()), 60);
});

it("a password that was changed meanwhile is said to be wrong, and taken again once it is right", async (t) => {
  const server = await startRedis(t, { password: "right" });
  const link = await connected(t, server, { password: "right" });
  await link.run((redis) => redis.config("SET", "requirepass", "other"));
  await link.run((redis) => redis.call("CLIENT", "KILL", "SKIPME", "no")).catch(() => {});
  const error = await until(
    () => link.run((redis) => redis.ping()).catch((error: RedisError) => error),
    (outcome) => outcome instanceof RedisError && outcome.code === "CDT-REDIS-PASSWORD",
  );
  assert.equal((error as RedisError).kind, "configuration");
  const back = ready(link);
  const admin = await connected(t, server, { password: "other" });
  await admin.run((redis) => redis.config("SET", "requirepass", "right"));
  const since = performance.now();
  await back;
  assert.ok(performance.now() - since < 5000);
});

it("a Redis that asks for no password lets in who gives one", async (t) => {
  const link = await connected(t, await startRedis(t), { password: "needless" });
  assert.equal(await link.run((redis) => redis.ping()), "PONG");
});

it("a node of a Redis Cluster is refused with a sentence", async (t) => {
  const server = await startRedis(t, {
    args: ["--cluster-enabled", "yes", "--cluster-port", String(await freePort())],
  });
  for (const db of [0, 1]) {
    const link = redisLink({ host: server.host, port: server.port, db });
    await assert.rejects(link.connect(), {
      code: "CDT-REDIS-CLUSTER",
      kind: "configuration",
      message: `Redis at 127.0.0.1:${server.port} is a node of a Redis Cluster; queues need a single Redis, since their keys must lie on one node`,
    });
  }
  // Who may not ask what it is learns it from its answers.
  await server.cli("ACL", "SETUSER", "worker", "on", "nopass", "~*", "&*", "+@all", "-info");
  const link = await connected(t, server, { username: "worker" });
  await assert.rejects(
    link.run((redis) => redis.set("k", "v")),
    { code: "CDT-REDIS-CLUSTER" },
  );
});

it("a Redis before 6.2 and a Sentinel are refused with a sentence, forks with versions of their own are not", async (t) => {
  const fake = await startFakeRedis(t);
  const connect = async (info: string) => {
    fake.info = info;
    const link = redisLink({ host: fake.host, port: fake.port });
    t.after(() => link.close());
    await link.connect();
  };
  for (const version of ["2.8.24", "5.0.7", "6.0.16"]) {
    await assert.rejects(connect(`# Server\r\nredis_version:${version}\r\n`), {
      code: "CDT-REDIS-VERSION",
      message: `Redis at 127.0.0.1:${fake.port} is too old (${version}); 6.2 is the first that will do`,
    });
  }
  await assert.rejects(connect("redis_version:7.0.15\r\nredis_mode:sentinel\r\n"), { message: /it is a Sentinel/ });
  await connect("redis_version:6.2.0\r\n");
  await connect("redis_version:10.0.1\r\n");
  await connect("# Server\r\nfork_version:1.0\r\n");
});

it("what a server says before it hangs up is heard", async (t) => {
  const fake = await startFakeRedis(t);
  fake.refusal = "-ERR max number of clients reached\r\n";
  const link = redisLink({ host: fake.host, port: fake.port });
  await assert.rejects(link.connect(), { code: "CDT-REDIS-REFUSED", message: /max number of clients reached/ });
  fake.refusal = "-DENIED Redis is running in protected mode\r\n";
  await assert.rejects(link.connect(), { code: "CDT-REDIS-NOT-PERMITTED" });
  fake.refusal = "";
  await assert.rejects(link.connect(), { code: "CDT-REDIS-UNREACHABLE" });
});

it("the clients of a server that comes back do not come all at once", async (t) => {
  const fake = await startFakeRedis(t);
  const links = await Promise.all(Array.from({ length: 40 }, () => connected(t, fake)));
  fake.refusal = "";
  fake.cut();
  await until(
    async () => fake.attempts.length,
    (attempts) => attempts > 400,
  );
  const back = Promise.all(links.map(ready));
  fake.refusal = undefined;
  const since = performance.now();
  await back;
  const moments = fake.attempts.filter((at) => at >= since);
  const spread = Math.max(...moments) - Math.min(...moments);
  t.diagnostic(
    `40 clients were back within ${Math.round(performance.now() - since)} ms, over ${Math.round(spread)} ms`,
  );
  assert.ok(spread > 300, `they came within ${spread} ms`);
  assert.ok(performance.now() - since < 5000);
});

it("connecting is given up when nobody waits for it any more, and goes on while somebody does", async (t) => {
  const fake = await startFakeRedis(t);
  fake.info = "";
  const silent = await startBlackHoleProxy(t, fake);
  silent.blackHole();
  const link = redisLink({ host: silent.host, port: silent.port, connectTimeout: 2000 });
  t.after(() => link.close());
  const [one, two] = [new AbortController(), new AbortController()];
  const first = link.connect(one.signal);
  const second = link.connect(two.signal);
  one.abort(new Error("enough"));
  await assert.rejects(first, { message: "enough" });
  await assert.rejects(second, { code: "CDT-REDIS-UNREACHABLE" });
  const third = link.connect(two.signal);
  two.abort(new Error("me too"));
  await assert.rejects(third, { message: "me too" });
  silent.pass();
  await link.connect();
});

it("a link that was closed tells nobody and tries nothing, until it is connected again", async (t) => {
  const server = await startRedis(t);
  const link = await connected(t, server);
  const answer = link.run((redis) => redis.call("BLPOP", "nothing", "2"));
  link.close();
  await assert.rejects(answer, { code: "CDT-REDIS-UNREACHABLE", message: /the connection was closed/ });
  await assert.rejects(
    link.run((redis) => redis.ping()),
    { code: "CDT-REDIS-UNREACHABLE" },
  );
  await link.connect();
  assert.equal(await link.run((redis) => redis.ping()), "PONG");
  link.close();
});

async function connected(
  t: TestContext,
  { host, port }: { host: string; port: number },
  more: RedisConnectionOptions = {},
): Promise<RedisLink> {
  const link = redisLink({ host, port, ...more });
  t.after(() => link.close());
  await link.connect();
  return link;
}

function ready(link: RedisLink): Promise<unknown> {
  return once(link.onReady);
}

function once<T>(on: (listener: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve) => on(resolve));
}

async function until<T>(ask: () => Promise<T>, isEnough: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isEnough(answer)) return answer;
    await pause(20);
  }
}
