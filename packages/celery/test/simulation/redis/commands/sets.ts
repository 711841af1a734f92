import { type Commands, compareBytes } from "./command.ts";

export const setCommands: Commands = {
  SADD(space, [key, ...members]) {
    const set = space.open(key!, "set");
    const before = set.size;
    for (const member of members) set.add(member);
    return set.size - before;
  },
  SREM(space, [key, ...members]) {
    const set = space.read(key!, "set");
    const removed = members.filter((member) => set?.delete(member)).length;
    space.tidy(key!);
    return removed;
  },
  SISMEMBER: (space, [key, member]) => (space.read(key!, "set")?.has(member!) ? 1 : 0),
  SCARD: (space, [key]) => space.read(key!, "set")?.size ?? 0,
  /** Sorted: Redis promises no order, and ours must be the same every time. */
  SMEMBERS: (space, [key]) => [...(space.read(key!, "set") ?? [])].sort(compareBytes),
};
