import { Failure, ok } from "../reply.ts";
import { type Commands, integer, pairs } from "./command.ts";

export const hashCommands: Commands = {
  HSET(space, [key, ...rest]) {
    const hash = space.open(key!, "hash");
    const before = hash.size;
    for (const [field, value] of pairs(rest)) hash.set(field, value);
    return hash.size - before;
  },
  HMSET(space, args) {
    hashCommands.HSET!(space, args);
    return ok;
  },
  HSETNX(space, [key, field, value]) {
    if (space.read(key!, "hash")?.has(field!)) return 0;
    space.open(key!, "hash").set(field!, value!);
    return 1;
  },
  HGET: (space, [key, field]) => space.read(key!, "hash")?.get(field!) ?? null,
  HMGET(space, [key, ...fields]) {
    const hash = space.read(key!, "hash");
    return fields.map((field) => hash?.get(field) ?? null);
  },
  HDEL(space, [key, ...fields]) {
    const hash = space.read(key!, "hash");
    const deleted = fields.filter((field) => hash?.delete(field)).length;
    space.tidy(key!);
    return deleted;
  },
  HEXISTS: (space, [key, field]) => (space.read(key!, "hash")?.has(field!) ? 1 : 0),
  HLEN: (space, [key]) => space.read(key!, "hash")?.size ?? 0,
  HSTRLEN: (space, [key, field]) => space.read(key!, "hash")?.get(field!)?.length ?? 0,
  HKEYS: (space, [key]) => [...(space.read(key!, "hash")?.keys() ?? [])],
  HVALS: (space, [key]) => [...(space.read(key!, "hash")?.values() ?? [])],
  HGETALL: (space, [key]) => [...(space.read(key!, "hash") ?? [])].flat(),
  HINCRBY(space, [key, field, by]) {
    const hash = space.read(key!, "hash");
    const old = hash?.get(field!) ?? "0";
    if (!/^-?\d+$/.test(old)) throw new Failure("ERR hash value is not an integer");
    const sum = Number(old) + integer(by);
    space.open(key!, "hash").set(field!, String(sum));
    return sum;
  },
  /** All in one step, as Redis does with a small hash. */
  HSCAN: (space, [key]) => ["0", [...(space.read(key!, "hash") ?? [])].flat()],
};
