-- park.lua: lets go of a message until a time. It stays in unacked, safe from everybody, without a lease.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases  4 cdt:parked (zset: tag -> when it is due)
-- ARGV  1 delivery tag  2 holder nonce  3 due, seconds since 1970
-- answer  1 done, 0 lost and untouched
if not lease.entry(ARGV[1], ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[3], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return 1
