-- acknowledge.lua: forgets a message that is done.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases
-- ARGV  1 delivery tag  2 holder nonce
-- answer  1 done, 0 lost and untouched
if not lease.entry(ARGV[1], ARGV[2]) then return 0 end
lease.drop(ARGV[1])
return 1
