-- requeue.lua: gives a message back, to be the next one popped.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases
-- ARGV  1 delivery tag  2 holder nonce  3 layout  4 1 if it is counted as one that killed its holder
-- answer  1 done, 0 lost and untouched
local entry = lease.entry(ARGV[1], ARGV[2])
if not entry then return 0 end
local marked, _, queue = message.of_entry(entry)
local text = message.redelivered(message.untake(marked))
if ARGV[4] == '1' then text = message.with_death(text) end
redis.call('RPUSH', message.list(text, queue, cjson.decode(ARGV[3])), text)
lease.drop(ARGV[1])
return 1
