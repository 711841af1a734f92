-- retry.lua: publishes the next try and acknowledges this one, in one step: never lost, never twice.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases  4 list of the next try
-- ARGV  1 delivery tag  2 holder nonce  3 next message
-- answer  1 done, 0 lost and untouched
if not lease.entry(ARGV[1], ARGV[2]) then return 0 end
redis.call('LPUSH', KEYS[4], ARGV[3])
lease.drop(ARGV[1])
return 1
