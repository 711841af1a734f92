-- answer.lua: puts an answer of remote control where its asker looks for it, for a while.
-- KEYS  1 binding of the exchange
-- ARGV  1 routing key  2 message  3 time that it is kept at most, in ms  4 layout
-- answer  number of lists; 0 when nobody is bound any more
local layout = cjson.decode(ARGV[4])
local first, count = ARGV[1] .. layout.separator, 0
for _, member in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if member:sub(1, #first) == first then
    local _, last = member:find(layout.separator, #first + 1, true)
    local list = layout.prefix .. member:sub(last + 1)
    redis.call('LPUSH', list, ARGV[2])
    redis.call('PEXPIRE', list, ARGV[3])
    count = count + 1
  end
end
return count
