-- routing.lua: shared piece. Which queues an exchange and a routing key lead to, as kombu looks them up.
local routing = {}

-- A topic's pattern: `*` is one word, `#` any number of them.
local function matches(words, w, key, k)
  if w > #words then return k > #key end
  if words[w] == '#' then
    for next_k = k, #key + 1 do
      if matches(words, w + 1, key, next_k) then return true end
    end
    return false
  end
  return k <= #key and (words[w] == '*' or words[w] == key[k]) and matches(words, w + 1, key, k + 1)
end

local function split(text, separator)
  local fields, from = {}, 1
  while true do
    local first, last = text:find(separator, from, true)
    fields[#fields + 1] = text:sub(from, (first or 0) - 1)
    if not first then return fields end
    from = last + 1
  end
end

-- A list of queue names. Without any binding it is the routing key itself: better an odd queue than a lost message.
function routing.queues(exchange, key, layout)
  if type(key) ~= 'string' then return {} end
  local queues = {}
  if type(exchange) == 'string' and exchange ~= '' then
    for _, member in ipairs(redis.call('SMEMBERS', layout.prefix .. '_kombu.binding.' .. exchange)) do
      local binding = split(member, layout.separator)
      local topic = binding[2] ~= nil and binding[2] ~= ''
      if binding[3] and (binding[1] == key or topic and matches(split(binding[1], '.'), 1, split(key, '.'), 1)) then
        queues[#queues + 1] = binding[3]
      end
    end
  end
  if #queues == 0 and key ~= '' then queues[1] = key end
  return queues
end
