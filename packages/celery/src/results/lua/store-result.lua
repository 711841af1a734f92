-- store-result.lua: stores a task's state and tells who waits, unless the task has succeeded before.
-- KEYS  1 celery-task-meta-<id>, also the name of the channel
-- ARGV  1 state as JSON  2 seconds to keep it, 0 for ever
-- answer  1 stored, 0 not: SUCCESS stays, whatever a late duplicate says
local before = redis.call('GET', KEYS[1])
if before then
  local ok, state = pcall(cjson.decode, before)
  if ok and type(state) == 'table' and state.status == 'SUCCESS' then return 0 end
end
if tonumber(ARGV[2]) > 0 then
  redis.call('SETEX', KEYS[1], ARGV[2], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1])
end
redis.call('PUBLISH', KEYS[1], ARGV[1])
return 1
