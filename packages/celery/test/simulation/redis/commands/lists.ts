import type { Keyspace } from "../keyspace.ts";
import { Failure, ok, type Reply, syntaxError } from "../reply.ts";
import { type Commands, integer, slice } from "./command.ts";

type End = "LEFT" | "RIGHT";

export const listCommands: Commands = {
  LPUSH: (space, [key, ...values]) => push(space, key!, "LEFT", values),
  RPUSH: (space, [key, ...values]) => push(space, key!, "RIGHT", values),
  LPOP: (space, [key, count]) => popped(space, key!, "LEFT", count),
  RPOP: (space, [key, count]) => popped(space, key!, "RIGHT", count),
  RPOPLPUSH: (space, [from, to]) => move(space, from!, to!, "RIGHT", "LEFT"),
  LMOVE: (space, [from, to, fromEnd, toEnd]) => move(space, from!, to!, end(fromEnd), end(toEnd)),
  LLEN: (space, [key]) => space.read(key!, "list")?.length ?? 0,
  LRANGE: (space, [key, first, last]) => slice(space.read(key!, "list") ?? [], integer(first), integer(last)),
  LINDEX: (space, [key, index]) => (space.read(key!, "list") ?? []).at(integer(index)) ?? null,
  LREM: (space, [key, count, value]) => remove(space, key!, integer(count), value!),
  LTRIM(space, [key, first, last]) {
    const list = space.read(key!, "list");
    if (list) list.splice(0, list.length, ...slice(list, integer(first), integer(last)));
    space.tidy(key!);
    return ok;
  },
  LSET(space, [key, index, value]) {
    const list = space.read(key!, "list");
    if (!list) throw new Failure("ERR no such key");
    const at = integer(index) < 0 ? list.length + integer(index) : integer(index);
    if (at < 0 || at >= list.length) throw new Failure("ERR index out of range");
    list[at] = value!;
    return ok;
  },
  LPOS(space, [key, value, ...options]) {
    if (options.length > 0) throw new Failure("ERR the simulated LPOS takes no options");
    const found = (space.read(key!, "list") ?? []).indexOf(value!);
    return found < 0 ? null : found;
  },
  /** As a client's, when one of the lists has something; the simulated server lets nobody wait. */
  BRPOP(space, keys) {
    for (const key of keys.slice(0, -1)) {
      const value = pop(space, key, "RIGHT");
      if (value !== undefined) return [key, value];
    }
    return null;
  },
};

function end(text: string | undefined): End {
  const name = text?.toUpperCase();
  if (name !== "LEFT" && name !== "RIGHT") throw syntaxError();
  return name;
}

function push(space: Keyspace, key: string, at: End, values: string[]): number {
  const list = space.open(key, "list");
  for (const value of values) {
    if (at === "LEFT") list.unshift(value);
    else list.push(value);
  }
  return list.length;
}

function pop(space: Keyspace, key: string, at: End): string | undefined {
  const list = space.read(key, "list");
  const value = at === "LEFT" ? list?.shift() : list?.pop();
  space.tidy(key);
  return value;
}

function popped(space: Keyspace, key: string, at: End, count: string | undefined): Reply {
  if (count === undefined) return pop(space, key, at) ?? null;
  if (integer(count) < 0) throw new Failure("ERR value is out of range, must be positive");
  if (!space.read(key, "list")) return null;
  const values: string[] = [];
  for (let value: string | undefined; values.length < integer(count); values.push(value)) {
    value = pop(space, key, at);
    if (value === undefined) break;
  }
  return values;
}

function move(space: Keyspace, from: string, to: string, fromEnd: End, toEnd: End): Reply {
  if (!space.read(from, "list")) return null;
  space.read(to, "list");
  const value = pop(space, from, fromEnd)!;
  push(space, to, toEnd, [value]);
  return value;
}

function remove(space: Keyspace, key: string, count: number, value: string): number {
  const list = space.read(key, "list");
  if (!list) return 0;
  let removed = 0;
  const most = count === 0 ? list.length : Math.abs(count);
  for (let i = count < 0 ? list.length - 1 : 0; i >= 0 && i < list.length && removed < most; ) {
    if (list[i] === value) {
      list.splice(i, 1);
      removed++;
      if (count < 0) i--;
    } else i += count < 0 ? -1 : 1;
  }
  space.tidy(key);
  return removed;
}
