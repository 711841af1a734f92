-- renew.lua: prolongs leases that are still ours.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases
-- ARGV  1 lease in s  then, for each: delivery tag, holder nonce
-- answer  for each 1 renewed, 0 lost; what does not carry our nonce is lost and stays untouched
local answers = {}
for i = 2, #ARGV, 2 do
  local kept = lease.entry(ARGV[i], ARGV[i + 1])
  if kept then lease.set(ARGV[i], tonumber(ARGV[1])) end
  answers[#answers + 1] = kept and 1 or 0
end
return answers
