import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { Redis } from "ioredis";
import { startRedis } from "../../../../../testing/redis.ts";
import { without } from "../../../../../testing/require-server.ts";
import { type Plain, plain, plainBuffers, plainError } from "./plain.ts";
import { SimulatedRedis } from "./server.ts";

const skip = without("redis-server");

test("random commands get the same answers from the simulated Redis and from a real one, and leave the same behind", {
  skip,
}, async (t) => {
  const both = await startBoth(t);
  await check(fc.array(aCommand, { minLength: 1, maxLength: 60 }), 200, async (commands) => {
    await both.flush();
    for (const command of commands) await both.same(command);
    await both.sameKeys();
  });
});

test("cjson reads and writes random and broken JSON as Redis' own does", { skip }, async (t) => {
  const both = await startBoth(t);
  const script = `
    local ok, value = pcall(cjson.decode, ARGV[1])
    if not ok then return 'refused' end
    local written, text = pcall(cjson.encode, value)
    return { written and text or 'not written', type(value), value == cjson.null and 1 or 0 }
  `;
  for (const depth of [999, 1000, 1001]) await both.same(["EVAL", script, "0", "[".repeat(depth) + "]".repeat(depth)]);
  await check(fc.array(someJson, { minLength: 20, maxLength: 20 }), 100, async (texts) => {
    for (const text of texts) await both.same(["EVAL", script, "0", text]);
  });
});

test("Lua's numbers, patterns and formats come out as in Redis", { skip }, async (t) => {
  const both = await startBoth(t);
  const script = `
    local n, text = tonumber(ARGV[1]), ARGV[2]
    redis.call('ZADD', 'z', ARGV[1], 'member')
    redis.call('SET', 's', n)
    return { tostring(n), ('%.3f'):format(n), ('%.6f'):format(n), ('%d'):format(n), redis.call('GET', 's'),
      redis.call('ZSCORE', 'z', 'member'), math.floor(n), n, text:find('%s*:%s*{') or false, text:gsub('[^%w ]', '.'),
      text:find('["\\\\]', 2) or false, #text, text:upper(), cjson.encode({ n, text, {}, { a = n } }) }
  `;
  const someNumber = fc.oneof(fc.double({ noNaN: true, min: -1e12, max: 1e12 }), fc.integer(), unixTime);
  await check(fc.array(fc.tuple(someNumber, bytes), { minLength: 20, maxLength: 20 }), 100, async (pairs) => {
    for (const [number, text] of pairs) await both.same(["EVAL", script, "0", String(number), text]);
  });
});

test("what a script throws, and what it must not do, is an error on both", { skip }, async (t) => {
  const both = await startBoth(t);
  const failing = [
    "return redis.call('LPUSH', 'list')",
    "redis.call('SET', 's', 'x') return redis.call('LPUSH', 's', 'x')",
    "error('oh')",
    "error({ err = 'OWN error' })",
    "return redis.error_reply('OWN error')",
    "surprise = 1",
    "return surprise",
    "return nil + 1",
    "this is no Lua",
    "return redis.call()",
    "return redis.call('GET', {})",
    "return cjson.encode(print)",
    "return loadfile('x')",
  ];
  for (const script of failing) await both.same(["EVAL", script, "0"]);
  const passing = [
    "return { pcall(redis.call, 'NOSUCH') == false, redis.pcall('GET').err ~= nil }",
    "return { 1, 2.9, -2.9, 'x', true, false, nil, 'after nil' }",
    "return redis.status_reply('FINE')",
    "return { { 1, { 2 } }, {} }",
    "return unpack({ 'first', 'second' })",
    "return { redis.call('SET', 'a', '1').ok, redis.call('GET', 'nothing') == false, #KEYS, #ARGV }",
    "local a = {} for i = 1, 200 do a[i] = i end return #a",
    "return select('#', unpack(redis.call('LRANGE', 'none', 0, -1)))",
  ];
  for (const script of passing) await both.same(["EVAL", script, "0"]);
  await both.sameKeys();
});

interface Both {
  flush(): Promise<void>;
  /** Runs a command on both and compares what they answer. */
  same(command: readonly string[]): Promise<void>;
  /** Compares all keys and what is in them. */
  sameKeys(): Promise<void>;
}

async function startBoth(t: TestContext): Promise<Both> {
  const server = await startRedis(t);
  const real = new Redis({ host: server.host, port: server.port, protocol: 2 });
  t.after(() => real.disconnect());
  const simulated = new SimulatedRedis({ now: () => Date.now() });

  async function same(command: readonly string[]): Promise<void> {
    const [name, ...args] = command;
    const there = await real
      .callBuffer(name!, ...args.map((arg) => Buffer.from(arg, "latin1")))
      .then(plainBuffers, plainError);
    const here = plain(simulated.execute(command));
    assert.deepEqual(
      sorted(name!, here),
      sorted(name!, there),
      `simulated and real answer to ${JSON.stringify(command)}`,
    );
  }

  return {
    async flush() {
      await real.flushall();
      simulated.space.clear();
    },
    same,
    async sameKeys() {
      const keys = (await real.keys("*")).sort();
      assert.deepEqual(simulated.space.keys().sort(), keys);
      for (const key of keys) {
        await same(["TYPE", key]);
        await same(readers[simulated.space.kind(key)!].map((word) => (word === "KEY" ? key : word)));
      }
    },
  };
}

const readers = {
  string: ["GET", "KEY"],
  list: ["LRANGE", "KEY", "0", "-1"],
  hash: ["HGETALL", "KEY"],
  zset: ["ZRANGE", "KEY", "0", "-1", "WITHSCORES"],
  set: ["SMEMBERS", "KEY"],
} as const;

/** Where Redis promises no order, ours is another. */
function sorted(command: string, reply: Plain): Plain {
  const unordered = ["SMEMBERS", "HKEYS", "HVALS", "HGETALL"];
  return Array.isArray(reply) && unordered.includes(command) ? reply.toSorted() : reply;
}

async function check<T>(
  arbitrary: fc.Arbitrary<T>,
  numRuns: number,
  property: (value: T) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitrary, property), { numRuns, endOnFailure: false });
}

// ---- What commands and texts are made of ----

const key = fc.constantFrom("a", "b", "c", "d");
const member = fc.constantFrom("x", "y", "z", "yy", "\xff\x00", "");
const value = fc.oneof(member, fc.constantFrom("0", "7", "-3"));
const index = fc.integer({ min: -4, max: 4 }).map(String);
const unixTime = fc.integer({ min: 1_600_000_000_000_000, max: 1_900_000_000_000_000 }).map((us) => us / 1_000_000);
const score = fc.oneof(
  index,
  unixTime.map((time) => time.toFixed(6)),
  fc.constantFrom("inf", "-inf", "0.1", "1e3", "no"),
);
const bound = fc.oneof(
  score,
  score.map((text) => `(${text}`),
  fc.constantFrom("-inf", "+inf"),
);
const limit = fc.option(fc.tuple(index, index), { nil: undefined });
const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 30,
});

const line = (...parts: (string | fc.Arbitrary<string | string[] | undefined>)[]): fc.Arbitrary<string[]> =>
  fc
    .tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part)))
    .map((words) => words.filter((word) => word !== undefined).flat());
const some = (one: fc.Arbitrary<string>) => fc.array(one, { minLength: 1, maxLength: 3 });
const option = (...words: string[]) => fc.option(fc.constantFrom(...words), { nil: undefined });
const limits = limit.map((found) => found && ["LIMIT", ...found]);

const aCommand: fc.Arbitrary<string[]> = fc.oneof(
  line("LPUSH", key, some(value)),
  line("RPUSH", key, some(value)),
  line("RPOP", key, option("0", "2")),
  line("LPOP", key, option("1", "5")),
  line("LRANGE", key, index, index),
  line("LINDEX", key, index),
  line("LREM", key, index, value),
  line("LTRIM", key, index, index),
  line("LLEN", key),
  line("LMOVE", key, key, fc.constantFrom("LEFT", "RIGHT"), fc.constantFrom("LEFT", "right")),
  line("RPOPLPUSH", key, key),
  line("BRPOP", key, key, "0.01"),
  line("HSET", key, member, value, fc.option(fc.tuple(member, value), { nil: undefined })),
  line("HSETNX", key, member, value),
  line("HGET", key, member),
  line("HMGET", key, some(member)),
  line("HDEL", key, some(member)),
  line("HEXISTS", key, member),
  line("HLEN", key),
  line("HKEYS", key),
  line("HGETALL", key),
  line("HINCRBY", key, member, index),
  line("ZADD", key, option("NX", "XX"), option("CH", "GT", "LT"), score, member),
  line("ZADD", key, score, member, score, member),
  line("ZREM", key, some(member)),
  line("ZSCORE", key, member),
  line("ZMSCORE", key, some(member)),
  line("ZCARD", key),
  line("ZCOUNT", key, bound, bound),
  line("ZRANGEBYSCORE", key, bound, bound, option("WITHSCORES"), limits),
  line("ZREVRANGEBYSCORE", key, bound, bound, option("WITHSCORES"), limits),
  line("ZREMRANGEBYSCORE", key, bound, bound),
  line("ZRANGE", key, index, index, option("REV"), option("WITHSCORES")),
  line("ZRANGE", key, bound, bound, "BYSCORE", option("REV"), limits),
  line("ZRANK", key, member),
  line("ZPOPMIN", key, option("2")),
  line("SADD", key, some(member)),
  line("SREM", key, some(member)),
  line("SMEMBERS", key),
  line("SISMEMBER", key, member),
  line("SCARD", key),
  line("SET", key, value, option("NX", "XX"), option("GET")),
  line("SET", key, value, "PX", "100000", option("NX")),
  line("GET", key),
  line("INCR", key),
  line("DEL", some(key)),
  line("EXISTS", some(key)),
  line("TYPE", key),
  line("EXPIRE", key, fc.constantFrom("1000", "-1", "0")),
  line("PERSIST", key),
  line("TTL", key),
  line("FLUSHALL"),
);

/** JSON of all kinds, some of it with a byte changed, and what only cjson takes for JSON. */
const someJson: fc.Arbitrary<string> = fc.oneof(
  fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text).toString("latin1")),
  fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(), bytes).map(([text, at, more]) => {
    const cut = at % (text.length + 1);
    return Buffer.from(text).toString("latin1").slice(0, cut) + more.slice(0, 1) + text.slice(cut + 1);
  }),
  fc.double().map((number) => `[${number}]`),
  fc.constantFrom(
    "[]",
    "{}",
    "[{}]",
    '{"a":[]}',
    "[null]",
    "null",
    "[1,null,3]",
    "NaN",
    "-Infinity",
    "[0x1F]",
    "[01]",
    "[1.]",
  ),
  fc.constantFrom(
    '["\\ud83d\\ude00"]',
    '["\\ud83d"]',
    '["\\ude00"]',
    '["\\x"]',
    '["\\/"]',
    '"\x01"',
    "[.5]",
    "[+1]",
    "[1e]",
  ),
  fc.constantFrom(
    '{"1":1,"2":2}',
    '{"a":1,"a":2}',
    "[1,]",
    "{,}",
    "[1 2]",
    "",
    " ",
    "[12345678901234567890]",
    "[1e400]",
  ),
);
