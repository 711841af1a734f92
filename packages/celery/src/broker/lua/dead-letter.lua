-- dead-letter.lua: moves a message to the list of those that nobody can do, newest first.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases  4 cdt:dead-letters
-- ARGV  1 delivery tag  2 holder nonce  3 id of the dead letter  4 reason  5 text  6 time, ISO 8601  7 most that are kept
-- answer  1 done, 2 done and the oldest one is gone for it, 0 lost and untouched
local entry = lease.entry(ARGV[1], ARGV[2])
if not entry then return 0 end
local marked, _, queue = message.of_entry(entry)
local count = redis.call('LPUSH', KEYS[4], cjson.encode({
  id = ARGV[3], reason = ARGV[4], text = ARGV[5], at = ARGV[6], queue = queue, raw = message.untake(marked),
}))
redis.call('LTRIM', KEYS[4], 0, ARGV[7] - 1)
lease.drop(ARGV[1])
return count > tonumber(ARGV[7]) and 2 or 1
