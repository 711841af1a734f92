-- restore-orphans.lua: gives back what dead holders left, and what was parked and is due.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases  4 cdt:parked  5 unacked_mutex
-- ARGV  1 kombu's visibility timeout in s  2 most entries to look at, of each kind  3 layout
--       4 time to which leases and parkings have ended, '' for now  5 foreign entries that are known to stay
-- answer  {number of orphans, number of due ones, time looked at, foreign entries that stay, 1 if there may be more,
--         when the next parked one is due ('' for none)}
-- Ours are those in cdt:leases whose end has passed, and in cdt:parked whose time has come, if the index still says the
-- same. Everybody else's are restored by kombu's rule: the score in the index is when they were taken. While a peer holds
-- the mutex it is at that itself.
-- The newest go first: each goes to the head of its queue, so that the oldest is popped next, also after many calls.
local limit, layout = tonumber(ARGV[2]), cjson.decode(ARGV[3])
local upto = ARGV[4] ~= '' and ARGV[4] or ('%.6f'):format(lease.now())

-- Answers whether it was given back. An entry that cannot be read, or has no address, stays for a person to look at.
local function give_back(tag, prepare)
  local entry = redis.call('HGET', KEYS[1], tag)
  if not entry then
    lease.drop(tag)
    return false
  end
  local ok, marked, exchange, key = pcall(message.of_entry, entry)
  local queues = ok and routing.queues(exchange, key, layout) or {}
  if #queues == 0 then return false end
  local text = prepare(marked)
  for _, queue in ipairs(queues) do
    redis.call('RPUSH', message.list(text, queue, layout), text)
  end
  lease.drop(tag)
  return true
end

local function newest(set, before, skipped)
  return redis.call('ZREVRANGEBYSCORE', set, before, '-inf', 'LIMIT', skipped, limit)
end

local function give_back_ours(set, prepare)
  local tags, given_back = newest(set, upto, 0), 0
  for _, tag in ipairs(tags) do
    if lease.is_kept(tag, set) and give_back(tag, prepare) then given_back = given_back + 1 end
    redis.call('ZREM', set, tag)
  end
  return given_back, #tags == limit
end

local orphans, more = give_back_ours(KEYS[3], function(marked)
  return message.with_death(message.redelivered(message.untake(marked)))
end)
local due, more_due = give_back_ours(KEYS[4], message.untake)
more = more or more_due

local stay = tonumber(ARGV[5])
-- Ours that have ended must be out of the way: here their death would not count.
if not more and redis.call('EXISTS', KEYS[5]) == 0 then
  local tags = newest(KEYS[2], ('%.6f'):format(upto - ARGV[1]), stay)
  for _, tag in ipairs(tags) do
    local given_back = give_back(tag, function(text) return message.redelivered(message.without_mark(text)) end)
    if given_back then orphans = orphans + 1
    elseif redis.call('ZSCORE', KEYS[2], tag) then stay = stay + 1 end
  end
  more = #tags == limit
end

local next_due = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')[2] or ''
return { orphans, due, upto, stay, more and 1 or 0, next_due }
