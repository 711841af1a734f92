-- scan-waiting.lua: the task ids in a stretch of one list.
-- KEYS  1 list
-- ARGV  1 first index  2 last index
-- answer  {number of messages seen, their task ids ('' where there is none)}
local ids = {}
for i, raw in ipairs(redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])) do
  local envelope = json.decode(raw)
  local headers = envelope and envelope.headers
  ids[i] = type(headers) == 'table' and type(headers.id) == 'string' and headers.id or ''
end
return { #ids, ids }
