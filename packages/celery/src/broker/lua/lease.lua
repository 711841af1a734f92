-- lease.lua: shared piece. Who holds an entry.
-- KEYS  1 unacked (hash)  2 unacked_index (zset)  3 cdt:leases (zset: tag -> end of the lease)
local lease = {}

function lease.now()
  local time = redis.call('TIME')
  return time[1] + time[2] / 1000000
end

function lease.set(tag, seconds)
  local ends = ('%.3f'):format(lease.now() + seconds)
  redis.call('ZADD', KEYS[2], ends, tag)
  redis.call('ZADD', KEYS[3], ends, tag)
end

-- Two scores that only we ever make equal: a peer that restored the entry and took it again wrote its own into the index,
-- although the message it put back may still carry our mark.
function lease.is_kept(tag)
  local ends = redis.call('ZSCORE', KEYS[2], tag)
  return ends and ends == redis.call('ZSCORE', KEYS[3], tag)
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
