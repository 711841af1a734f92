-- join-chord.lua: counts one member of a chord's header in, whoever tells it and however often.
-- KEYS  celery-taskset-meta-<gid> with  1 .j (zset by index, or list)  2 .t (more members)  3 .s (members)
--       4 .u (set: the ids in the list, as far as it was read; only ours)
-- ARGV  1 member as Python writes it: [1, "<id>", "<state>", <result>]  2 its id in quotation marks
--       3 index, +inf for none  4 seconds to keep the keys, 0 for ever  5 1: ordered by index, 0: by arrival
--       6 members that there are at least: a smaller size is corrected, so that the last one completes the chord for any peer
-- answer  all members when all are there, else nil. Nothing is taken away: asked again, the answer is the same.
local members, more, size, ids = unpack(KEYS)
local member, id, index = ARGV[1], ARGV[2], ARGV[3]

local function id_of(text)
  return text:match('^%[%s*1%s*,%s*("[^"]*")')
end

local function has_succeeded(text)
  return text:match('^%[%s*1%s*,%s*"[^"]*"%s*,%s*"SUCCESS"') ~= nil
end

-- Of two runs of the same task one counts, and the one that succeeded rather than the other.
local function join_ordered()
  for _, before in ipairs(redis.call('ZRANGEBYSCORE', members, index, index)) do
    if id_of(before) == id then
      if before == member or has_succeeded(before) then return end
      redis.call('ZREM', members, before)
    end
  end
  redis.call('ZADD', members, index, member)
end

local function join_by_arrival()
  for _, before in ipairs(redis.call('LRANGE', members, redis.call('SCARD', ids), -1)) do
    redis.call('SADD', ids, id_of(before) or before)
  end
  if redis.call('SADD', ids, id) == 1 then
    redis.call('RPUSH', members, member)
    return
  end
  for position, before in ipairs(redis.call('LRANGE', members, 0, -1)) do
    if id_of(before) == id and not has_succeeded(before) then
      redis.call('LSET', members, position - 1, member)
      return
    end
  end
end

-- A peer with the other setting may have been first: what there is decides.
local kind = redis.call('TYPE', members).ok
local ordered = kind == 'zset' or (kind == 'none' and ARGV[5] == '1')
if ordered then join_ordered() else join_by_arrival() end

local seconds = tonumber(ARGV[4])
if seconds > 0 then
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, seconds) end
end

local wanted = tonumber(redis.call('GET', size) or '')
if not wanted then return nil end
if wanted < tonumber(ARGV[6]) then
  wanted = tonumber(ARGV[6])
  redis.call('SET', size, wanted, 'KEEPTTL')
end
wanted = wanted + tonumber(redis.call('GET', more) or 0)
local count = ordered and redis.call('ZCARD', members) or redis.call('LLEN', members)
if count < wanted then return nil end

-- A peer that was told twice may have added a task twice: then they are fewer than they look.
local all = ordered and redis.call('ZRANGE', members, 0, -1) or redis.call('LRANGE', members, 0, -1)
local different, seen = 0, {}
for _, text in ipairs(all) do
  local name = id_of(text) or text
  if not seen[name] then
    seen[name] = true
    different = different + 1
  end
end
if different < wanted then return nil end
return all
