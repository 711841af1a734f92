-- announce.lua: says which queues a consumer listens to, or that it no longer does.
-- KEYS  1 cdt:consumer:<name>
-- ARGV  1 name  2 ttl in ms, 0 to withdraw  3 prefix of the queues' sets  4.. queues
-- A queue's set is cdt:consumers:<queue> (zset: name -> end, seconds of this clock); it goes when its last record has ended.
for queue in (redis.call('GET', KEYS[1]) or ''):gmatch('[^\n]+') do
  redis.call('ZREM', ARGV[3] .. queue, ARGV[1])
end
local ttl = tonumber(ARGV[2])
if ttl == 0 then
  redis.call('DEL', KEYS[1])
  return
end
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local queues = {}
for i = 4, #ARGV do
  local set = ARGV[3] .. ARGV[i]
  queues[#queues + 1] = ARGV[i]
  redis.call('ZREMRANGEBYSCORE', set, '-inf', ('%.3f'):format(now))
  redis.call('ZADD', set, ('%.3f'):format(now + ttl / 1000), ARGV[1])
  if redis.call('PTTL', set) < ttl then redis.call('PEXPIRE', set, ttl) end
end
redis.call('SET', KEYS[1], table.concat(queues, '\n'), 'PX', ttl)
