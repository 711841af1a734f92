-- park.lua: lets go of messages until their times. They stay in unacked, safe from everybody, without a lease.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases  4 cdt:parked (zset: tag -> when it is due)
-- ARGV  for each: delivery tag, holder nonce, due in seconds since 1970
-- answer  for each 1 done, 0 lost and untouched
local answers = {}
for i = 1, #ARGV, 3 do
  local tag, due = ARGV[i], ARGV[i + 2]
  local kept = lease.entry(tag, ARGV[i + 1])
  if kept then
    redis.call('ZADD', KEYS[2], due, tag)
    redis.call('ZADD', KEYS[4], due, tag)
    redis.call('ZREM', KEYS[3], tag)
  end
  answers[#answers + 1] = kept and 1 or 0
end
return answers
