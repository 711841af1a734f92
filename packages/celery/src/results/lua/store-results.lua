-- store-results.lua: stores states of tasks, in their order, and tells who waits for them; what has succeeded stays.
-- KEYS  celery-task-meta-<id> of each, also the name of its channel
-- ARGV  1 seconds to keep them, 0 for ever  2.. the states as JSON, one for each key
-- answer  for each 1 stored, 0 not: SUCCESS stays, whatever a late duplicate says
local expires = tonumber(ARGV[1])

-- Celery and we write the status first. Only what somebody else has written is decoded.
local function has_succeeded(key)
  -- What is no text, somebody has put there by mistake.
  local start = redis.pcall('GETRANGE', key, 0, 19)
  if start == '' or type(start) == 'table' then return false end
  if start:sub(1, 10) == '{"status":' then
    return start == '{"status": "SUCCESS"' or start:sub(1, 19) == '{"status":"SUCCESS"'
  end
  local ok, state = pcall(cjson.decode, redis.call('GET', key))
  return ok and type(state) == 'table' and state.status == 'SUCCESS'
end

local answers = {}
for i, key in ipairs(KEYS) do
  if has_succeeded(key) then
    answers[i] = 0
  else
    local state = ARGV[i + 1]
    if expires > 0 then
      redis.call('SETEX', key, expires, state)
    else
      redis.call('SET', key, state)
    end
    redis.call('PUBLISH', key, state)
    answers[i] = 1
  end
end
return answers
