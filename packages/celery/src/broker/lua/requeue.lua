-- requeue.lua: gives a message back, to be the next one popped.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases
-- ARGV  1 delivery tag  2 holder nonce  3 layout
-- answer  1 done, 0 lost and untouched
local entry = lease.entry(ARGV[1], ARGV[2])
if not entry then return 0 end
local text, _, queue = message.of_entry(entry)
text = message.unmark(text)
redis.call('RPUSH', message.list(message.read(text), queue, cjson.decode(ARGV[3])), message.given_back(text))
lease.drop(ARGV[1])
return 1
