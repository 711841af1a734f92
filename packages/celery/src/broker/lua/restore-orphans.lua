-- restore-orphans.lua: gives back what dead holders left.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases  4 unacked_mutex
-- ARGV  1 kombu's visibility timeout in s  2 most entries to look at, of each kind  3 layout
-- answer  {number given back, 1 if there may be more}
-- Ours are those in cdt:leases whose end has passed and whose index still says the same. Everybody else's are restored by
-- kombu's rule: the score in the index is when they were taken. While a peer holds the mutex it is at that itself.
local now, limit, layout = lease.now(), tonumber(ARGV[2]), cjson.decode(ARGV[3])
local given_back = 0

local function give_back(tag)
  local entry = redis.call('HGET', KEYS[1], tag)
  if entry then
    local ok, text, exchange, key = pcall(message.of_entry, entry)
    local queues = ok and routing.queues(exchange, key, layout) or {}
    -- Unreadable, or without an address: it stays, for a person to look at, rather than vanish.
    if #queues == 0 then return end
    text = message.unmark(text)
    local envelope = message.read(text)
    for _, queue in ipairs(queues) do
      redis.call('RPUSH', message.list(envelope, queue, layout), message.given_back(text))
    end
    given_back = given_back + 1
  end
  lease.drop(tag)
end

-- The newest first: each goes to the head, so that the oldest is popped next.
local function oldest_last(tags)
  local reversed = {}
  for i = #tags, 1, -1 do reversed[#reversed + 1] = tags[i] end
  return reversed
end

local ended = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ('%.3f'):format(now), 'LIMIT', 0, limit)
for _, tag in ipairs(oldest_last(ended)) do
  if lease.is_kept(tag) then give_back(tag) end
  redis.call('ZREM', KEYS[3], tag)
end

local foreign = {}
if redis.call('EXISTS', KEYS[4]) == 0 then
  local taken_before = ('%.3f'):format(now - tonumber(ARGV[1]))
  foreign = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', taken_before, 'LIMIT', 0, limit)
  for _, tag in ipairs(oldest_last(foreign)) do
    give_back(tag)
  end
end
return { given_back, (#ended == limit or #foreign == limit) and given_back > 0 and 1 or 0 }
