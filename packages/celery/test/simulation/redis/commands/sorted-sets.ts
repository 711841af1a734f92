import type { Keyspace } from "../keyspace.ts";
import { redisDouble } from "../number.ts";
import { Failure, type Reply, syntaxError } from "../reply.ts";
import { type Commands, compareBytes, double, integer, limited, pairs, slice } from "./command.ts";

export const sortedSetCommands: Commands = {
  ZADD: (space, [key, ...args]) => add(space, key!, args),
  ZREM(space, [key, ...members]) {
    const set = space.read(key!, "zset");
    const removed = members.filter((member) => set?.delete(member)).length;
    space.tidy(key!);
    return removed;
  },
  ZSCORE(space, [key, member]) {
    const score = space.read(key!, "zset")?.get(member!);
    return score === undefined ? null : redisDouble(score);
  },
  ZMSCORE(space, [key, ...members]) {
    const set = space.read(key!, "zset");
    return members.map((member) => (set?.has(member) ? redisDouble(set.get(member)!) : null));
  },
  ZCARD: (space, [key]) => space.read(key!, "zset")?.size ?? 0,
  ZCOUNT: (space, [key, min, max]) => byScore(space, key!, bounds(min, max)).length,
  ZINCRBY(space, [key, by, member]) {
    const set = space.open(key!, "zset");
    set.set(member!, (set.get(member!) ?? 0) + double(by));
    return redisDouble(set.get(member!)!);
  },
  ZRANK(space, [key, member]) {
    const rank = sorted(space, key!).findIndex(([name]) => name === member);
    return rank < 0 ? null : rank;
  },
  ZRANGEBYSCORE: (space, [key, min, max, ...options]) => range(byScore(space, key!, bounds(min, max)), options),
  ZREVRANGEBYSCORE: (space, [key, max, min, ...options]) =>
    range(byScore(space, key!, bounds(min, max)).reverse(), options),
  ZREMRANGEBYSCORE(space, [key, min, max]) {
    const gone = byScore(space, key!, bounds(min, max));
    for (const [member] of gone) space.read(key!, "zset")?.delete(member);
    space.tidy(key!);
    return gone.length;
  },
  ZRANGE: (space, [key, first, last, ...options]) => zrange(space, key!, first!, last!, options),
  ZREVRANGE: (space, [key, first, last, ...options]) =>
    range(slice(sorted(space, key!).reverse(), integer(first), integer(last)), options),
  ZPOPMIN(space, [key, count]) {
    const lowest = sorted(space, key!).slice(0, count === undefined ? 1 : integer(count));
    for (const [member] of lowest) space.read(key!, "zset")?.delete(member);
    space.tidy(key!);
    return withScores(lowest);
  },
};

type Member = [name: string, score: number];

function sorted(space: Keyspace, key: string): Member[] {
  return [...(space.read(key, "zset") ?? [])].sort(([a, x], [b, y]) => x - y || compareBytes(a, b));
}

function add(space: Keyspace, key: string, args: string[]): Reply {
  const known = new Set(["NX", "XX", "GT", "LT", "CH"]);
  const flags = new Set<string>();
  while (known.has(args[0]?.toUpperCase() ?? "")) flags.add(args.shift()!.toUpperCase());
  if (flags.has("NX") && (flags.has("XX") || flags.has("GT") || flags.has("LT"))) {
    throw new Failure("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (args.length === 0) throw syntaxError();
  const members = pairs(args).map(([score, name]): Member => [name, double(score)]);
  const set = space.open(key, "zset");
  let [added, changed] = [0, 0];
  for (const [name, score] of members) {
    const old = set.get(name);
    if (old === undefined ? flags.has("XX") : flags.has("NX")) continue;
    if (old !== undefined && ((flags.has("GT") && score <= old) || (flags.has("LT") && score >= old))) continue;
    set.set(name, score);
    if (old === undefined) added++;
    else if (old !== score) changed++;
  }
  space.tidy(key);
  return flags.has("CH") ? added + changed : added;
}

interface Bounds {
  min: number;
  max: number;
  withoutMin: boolean;
  withoutMax: boolean;
}

function bounds(min: string | undefined, max: string | undefined): Bounds {
  const read = (text = "") => double(text.replace(/^\(/, ""), "ERR min or max is not a float");
  return {
    min: read(min),
    max: read(max),
    withoutMin: min?.startsWith("(") ?? false,
    withoutMax: max?.startsWith("(") ?? false,
  };
}

function byScore(space: Keyspace, key: string, { min, max, withoutMin, withoutMax }: Bounds): Member[] {
  return sorted(space, key).filter(
    ([, score]) => (withoutMin ? score > min : score >= min) && (withoutMax ? score < max : score <= max),
  );
}

/** What `WITHSCORES` and `LIMIT` leave of it. */
function range(members: Member[], options: readonly string[]): Reply {
  let chosen = members;
  let scores = false;
  for (let i = 0; i < options.length; i++) {
    const option = options[i]!.toUpperCase();
    if (option === "WITHSCORES") scores = true;
    else if (option === "LIMIT") chosen = limited(members, integer(options[++i]), integer(options[++i]));
    else throw syntaxError();
  }
  return scores ? withScores(chosen) : chosen.map(([name]) => name);
}

function zrange(space: Keyspace, key: string, first: string, last: string, options: string[]): Reply {
  const has = (name: string) => options.some((option) => option.toUpperCase() === name);
  const rest = options.filter((option) => !["BYSCORE", "REV"].includes(option.toUpperCase()));
  const reverse = has("REV");
  if (has("BYSCORE")) {
    const found = byScore(space, key, reverse ? bounds(last, first) : bounds(first, last));
    return range(reverse ? found.reverse() : found, rest);
  }
  if (has("LIMIT")) throw new Failure("ERR syntax error, LIMIT is only supported in combination with either BYSCORE");
  const all = sorted(space, key);
  return range(slice(reverse ? all.reverse() : all, integer(first), integer(last)), rest);
}

function withScores(members: Member[]): string[] {
  return members.flatMap(([name, score]) => [name, redisDouble(score)]);
}
