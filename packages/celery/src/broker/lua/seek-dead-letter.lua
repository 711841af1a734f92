-- seek-dead-letter.lua: looks for one dead letter in a stretch of the list, and does with it what is asked.
-- KEYS  1 cdt:dead-letters
-- ARGV  1 first index  2 last index  3 id  4 find, requeue or drop  5 layout
-- answer  {number of letters seen, its entry or false}; after requeue and drop it is no longer in the list
local entries = redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])
for _, entry in ipairs(entries) do
  local letter = cjson.decode(entry)
  -- Those of earlier versions carry no id.
  if (letter.id or redis.sha1hex(entry):sub(1, 12)) == ARGV[3] then
    if ARGV[4] ~= 'find' then redis.call('LREM', KEYS[1], 1, entry) end
    if ARGV[4] == 'requeue' then
      local text = message.without_deaths(letter.raw)
      redis.call('LPUSH', message.list(text, letter.queue, cjson.decode(ARGV[5])), text)
    end
    return { #entries, entry }
  end
end
return { #entries, false }
