-- lease.lua: shared piece. Who holds an entry.
-- KEYS  1 unacked (hash)  2 unacked_index (zset)  3 cdt:leases (zset: tag -> end of the lease)
local lease = {}

function lease.now()
  local time = redis.call('TIME')
  return time[1] + time[2] / 1000000
end

-- The end of the lease of the n-th of those that one script takes or renews: a microsecond apart, so that their order is
-- kept when they have to be given back.
function lease.ending(from, seconds, n)
  return ('%.6f'):format(from + seconds + n / 1000000)
end

-- `scores` is end, tag, end, tag ...
function lease.set(scores)
  if #scores == 0 then return end
  redis.call('ZADD', KEYS[2], unpack(scores))
  redis.call('ZADD', KEYS[3], unpack(scores))
end

-- Two scores that only we ever make equal: a peer that restored the entry and took it again wrote its own into the index,
-- although the message it put back may still carry our mark.
function lease.is_kept(tag, list)
  local ends = redis.call('ZSCORE', KEYS[2], tag)
  return ends and ends == redis.call('ZSCORE', list or KEYS[3], tag)
end

-- The entry, if the holder still holds it.
function lease.entry(tag, holder)
  local entry = redis.call('HGET', KEYS[1], tag)
  if not entry or not entry:find('"cdt_holder":"' .. holder .. '"', 1, true) then return end
  if lease.is_kept(tag) then return entry end
end

function lease.drop(tag)
  redis.call('HDEL', KEYS[1], tag)
  redis.call('ZREM', KEYS[2], tag)
  redis.call('ZREM', KEYS[3], tag)
end
