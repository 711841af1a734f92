-- renew.lua: prolongs leases that are still ours.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases
-- ARGV  1 lease in s  then, for each: delivery tag, holder nonce
-- answer  for each 1 renewed, 0 lost; what does not carry our nonce is lost and stays untouched
local now, answers, scores = lease.now(), {}, {}
for i = 2, #ARGV, 2 do
  local kept = lease.entry(ARGV[i], ARGV[i + 1])
  if kept then
    scores[#scores + 1] = lease.ending(now, tonumber(ARGV[1]), i / 2)
    scores[#scores + 1] = ARGV[i]
  end
  answers[#answers + 1] = kept and 1 or 0
end
lease.set(scores)
return answers
