-- dead-letter.lua: moves a message to the list of those that nobody can do, newest first.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases  4 cdt:dead-letters
-- ARGV  1 delivery tag  2 holder nonce  3 reason  4 text  5 time, ISO 8601
-- answer  1 done, 0 lost and untouched
local entry = lease.entry(ARGV[1], ARGV[2])
if not entry then return 0 end
local text, _, queue = message.of_entry(entry)
redis.call('LPUSH', KEYS[4], cjson.encode({
  reason = ARGV[3], text = ARGV[4], at = ARGV[5], queue = queue, raw = message.unmark(text),
}))
lease.drop(ARGV[1])
return 1
