-- scan-unacked.lua: one step over `unacked`, which holds the messages of all queues.
-- KEYS  1 unacked  2 cdt:parked
-- ARGV  1 cursor  2 size of a step  3 queue  4 layout
-- answer  {next cursor, number of entries seen, task ids of the queue's entries ('' where unknown), their etas ('' = none),
--         1 for each that is parked, else 0}
local layout = cjson.decode(ARGV[4])
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local ids, etas, parked = {}, {}, {}

local function is_of_queue(exchange, key)
  for _, queue in ipairs(routing.queues(exchange, key, layout)) do
    if queue == ARGV[3] then return true end
  end
end

local function text_of(value)
  return type(value) == 'string' and value or ''
end

for i = 2, #page[2], 2 do
  local entry = json.decode(page[2][i])
  if entry and is_of_queue(entry[2], entry[3]) then
    local headers = type(entry[1]) == 'table' and type(entry[1].headers) == 'table' and entry[1].headers or {}
    ids[#ids + 1], etas[#etas + 1] = text_of(headers.id), text_of(headers.eta)
    parked[#ids] = redis.call('ZSCORE', KEYS[2], page[2][i - 1]) and 1 or 0
  end
end
return { page[1], #page[2] / 2, ids, etas, parked }
