-- publish.lua: puts messages at the tail of the queues that their addresses lead to.
-- ARGV  1 layout  then, for each: exchange ('' for the queue that the routing key names), routing key, end of the list's name
--       (that of its priority), message
-- answer  for each the number of queues, or Redis' error
local layout, answers = cjson.decode(ARGV[1]), {}
for i = 2, #ARGV, 4 do
  local exchange, key, list, text = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local queues = exchange == '' and { key } or routing.bound(exchange, key, layout)
  local answer = #queues
  for _, queue in ipairs(queues) do
    local pushed = redis.pcall('LPUSH', layout.prefix .. queue .. list, text)
    if type(pushed) == 'table' then answer = pushed end
  end
  answers[#answers + 1] = answer
end
return answers
