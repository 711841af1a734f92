-- acknowledge.lua: forgets messages that are done.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases
-- ARGV  for each: delivery tag, holder nonce
-- answer  for each 1 done, 0 lost and untouched
local answers = {}
for i = 1, #ARGV, 2 do
  local kept = lease.entry(ARGV[i], ARGV[i + 1])
  if kept then lease.drop(ARGV[i]) end
  answers[#answers + 1] = kept and 1 or 0
end
return answers
