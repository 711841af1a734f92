/** How many arguments a command takes, without its name: so many; with a `+` so many or more; or from one to another. */
const arity: Record<string, string> = {
  ...{ PING: "0-1", TIME: "0", FLUSHALL: "0+", DEL: "1+", UNLINK: "1+", EXISTS: "1+", TYPE: "1", GET: "1", SET: "2+" },
  ...{ SETEX: "3", INCR: "1", INCRBY: "2", PEXPIRE: "2", EXPIRE: "2", PERSIST: "1", PTTL: "1", TTL: "1" },
  ...{ LPUSH: "2+", RPUSH: "2+", LPOP: "1-2", RPOP: "1-2", RPOPLPUSH: "2", LMOVE: "4", LLEN: "1", LRANGE: "3" },
  ...{ LINDEX: "2", LREM: "3", LTRIM: "3", LSET: "3", LPOS: "2+", BRPOP: "2+" },
  ...{
    HSET: "3+",
    HMSET: "3+",
    HSETNX: "3",
    HGET: "2",
    HMGET: "2+",
    HDEL: "2+",
    HEXISTS: "2",
    HLEN: "1",
    HSTRLEN: "2",
  },
  ...{ HKEYS: "1", HVALS: "1", HGETALL: "1", HINCRBY: "3", HSCAN: "2+" },
  ...{ SADD: "2+", SREM: "2+", SISMEMBER: "2", SCARD: "1", SMEMBERS: "1" },
  ...{ ZADD: "3+", ZREM: "2+", ZSCORE: "2", ZMSCORE: "2+", ZCARD: "1", ZCOUNT: "3", ZINCRBY: "3", ZRANK: "2" },
  ...{
    ZRANGEBYSCORE: "3+",
    ZREVRANGEBYSCORE: "3+",
    ZREMRANGEBYSCORE: "3",
    ZRANGE: "3+",
    ZREVRANGE: "3+",
    ZPOPMIN: "1-2",
  },
};

export function fits(command: string, args: number): boolean {
  const [, least, many, most] = /^(\d+)(\+)?(?:-(\d+))?$/.exec(arity[command] ?? "0+")!;
  return args >= Number(least) && (many !== undefined || args <= Number(most ?? least));
}
