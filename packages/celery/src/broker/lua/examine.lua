-- examine.lua: whether this user's scripts may do what those of the broker and of the result store do.
-- KEYS  1 a key that nobody else uses
-- ARGV  1 unacked  2 unacked_index  3 the key of a result that nobody waits for, also the name of its channel; these are
--       not among the KEYS, since Redis refuses a script as a whole for a key in there
-- answer  {command, what Redis says} for each that is refused, one behind the other
-- Nothing stays behind: whoever may not delete is told so before anything was written. What it removes from kombu's own
-- keys was never in them.
local mine, refused = KEYS[1], {}

local function try(command, ...)
  local answer = redis.pcall(command, ...)
  if type(answer) ~= 'table' or not answer.err then return true end
  refused[#refused + 1] = command
  refused[#refused + 1] = answer.err
  return false
end

if not try('DEL', mine) then return refused end
try('TIME')

try('LPUSH', mine, 'a')
try('RPUSH', mine, 'b', 'c')
try('LLEN', mine)
try('LRANGE', mine, 0, -1)
try('LSET', mine, 0, 'd')
try('LREM', mine, 1, 'd')
try('LTRIM', mine, 0, 0)
try('RPOP', mine)
redis.call('DEL', mine)

try('HSET', mine, 'field', 'value')
try('HGET', mine, 'field')
try('HSCAN', mine, '0')
try('HDEL', mine, 'field')
redis.call('DEL', mine)

try('SADD', mine, 'member')
try('SCARD', mine)
try('SMEMBERS', mine)
redis.call('DEL', mine)

try('ZADD', mine, 1, 'member')
try('ZCARD', mine)
try('ZSCORE', mine, 'member')
try('ZRANGE', mine, 0, -1)
try('ZRANGEBYSCORE', mine, '-inf', '+inf')
try('ZREVRANGEBYSCORE', mine, '+inf', '-inf')
try('ZREMRANGEBYSCORE', mine, '-inf', 0)
try('ZREM', mine, 'member')
redis.call('DEL', mine)

try('SET', mine, 'text')
try('GET', mine)
try('GETRANGE', mine, 0, 0)
try('EXISTS', mine)
try('TYPE', mine)
try('EXPIRE', mine, 60)
try('PEXPIRE', mine, 60000)
try('PTTL', mine)
redis.call('DEL', mine)

try('HDEL', ARGV[1], mine)
try('ZREM', ARGV[2], mine)
try('SETEX', ARGV[3], 60, 'text')
try('PUBLISH', ARGV[3], 'text')
redis.pcall('DEL', ARGV[3])
return refused
