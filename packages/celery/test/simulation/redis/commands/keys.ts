import type { Keyspace } from "../keyspace.ts";
import { Failure, ok, Status, syntaxError } from "../reply.ts";
import { type Commands, integer } from "./command.ts";

/** Keys as such, strings, time. */
export const keyCommands: Commands = {
  PING: () => new Status("PONG"),
  TIME(space) {
    const microseconds = Math.floor(space.now() * 1000);
    return [String(Math.floor(microseconds / 1_000_000)), String(microseconds % 1_000_000)];
  },
  FLUSHALL(space) {
    space.clear();
    return ok;
  },
  DEL: (space, keys) => keys.filter((key) => space.delete(key)).length,
  UNLINK: (space, keys) => keys.filter((key) => space.delete(key)).length,
  EXISTS: (space, keys) => keys.filter((key) => space.kind(key)).length,
  TYPE: (space, [key]) => new Status(space.kind(key!) ?? "none"),

  GET: (space, [key]) => space.read(key!, "string") ?? null,
  SET: (space, [key, value, ...options]) => set(space, key!, value!, options),
  SETEX: (space, [key, seconds, value]) => set(space, key!, value!, ["EX", seconds!]),
  INCR: (space, [key]) => add(space, key!, 1),
  INCRBY: (space, [key, by]) => add(space, key!, integer(by)),

  PEXPIRE: (space, [key, ms]) => expire(space, key!, integer(ms)),
  EXPIRE: (space, [key, seconds]) => expire(space, key!, integer(seconds) * 1000),
  PERSIST(space, [key]) {
    const had = space.expiresAt(key!) !== undefined;
    space.expire(key!, undefined);
    return had ? 1 : 0;
  },
  PTTL: (space, [key]) => timeToLive(space, key!),
  TTL(space, [key]) {
    const ms = timeToLive(space, key!);
    return ms < 0 ? ms : Math.round(ms / 1000);
  },
};

function set(space: Keyspace, key: string, value: string, options: string[]): string | typeof ok | null {
  let expiresAt: number | undefined;
  let [mayExist, mustExist, keepEnd, answersOld] = [true, false, false, false];
  for (let i = 0; i < options.length; i++) {
    const option = options[i]!.toUpperCase();
    if (option === "NX") mayExist = false;
    else if (option === "XX") mustExist = true;
    else if (option === "KEEPTTL") keepEnd = true;
    else if (option === "GET") answersOld = true;
    else if (option === "PX" || option === "EX") {
      const length = integer(options[++i]) * (option === "EX" ? 1000 : 1);
      if (length <= 0) throw new Failure("ERR invalid expire time in 'set' command");
      expiresAt = space.now() + length;
    } else throw syntaxError();
  }
  const old = answersOld ? (space.read(key, "string") ?? null) : undefined;
  const exists = space.kind(key) !== undefined;
  if ((exists && !mayExist) || (!exists && mustExist)) return old ?? null;
  space.setString(key, value, keepEnd ? space.expiresAt(key) : expiresAt);
  return old === undefined ? ok : old;
}

function add(space: Keyspace, key: string, by: number): number {
  const sum = integer(space.read(key, "string") ?? "0") + by;
  space.setString(key, String(sum), space.expiresAt(key));
  return sum;
}

function expire(space: Keyspace, key: string, ms: number): 0 | 1 {
  if (!space.expire(key, space.now() + ms)) return 0;
  // At once when it is over, as Redis does.
  space.kind(key);
  return 1;
}

function timeToLive(space: Keyspace, key: string): number {
  if (!space.kind(key)) return -2;
  const at = space.expiresAt(key);
  return at === undefined ? -1 : Math.ceil(at - space.now());
}
