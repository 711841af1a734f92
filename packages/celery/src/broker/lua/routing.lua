-- routing.lua: shared piece. Which queues an exchange and a routing key lead to, as kombu looks them up.
local routing = {}

local function split(text, separator)
  local fields, from = {}, 1
  while true do
    local first, last = text:find(separator, from, true)
    fields[#fields + 1] = text:sub(from, (first or 0) - 1)
    if not first then return fields end
    from = last + 1
  end
end

-- A topic's key means what kombu's regular expression of it means: `#` anything, `*` anything that does not end with a dot,
-- more than one word too; both within the dots beside them.
local function matches(bound, key)
  local words = split(bound, '.')
  for i, word in ipairs(words) do
    if word == '#' then words[i] = '.-'
    elseif word == '*' then words[i] = '.-[^.]'
    else words[i] = word:gsub('%W', '%%%0') end
  end
  return key:find('^' .. table.concat(words, '%.') .. '$') ~= nil
end

-- The queues bound to an exchange for a routing key. A binding is routing key, pattern (of topics only), queue.
function routing.bound(exchange, key, layout)
  local queues, known = {}, {}
  for _, member in ipairs(redis.call('SMEMBERS', layout.prefix .. '_kombu.binding.' .. exchange)) do
    local binding = split(member, layout.separator)
    local queue, topic = binding[3], binding[2] ~= ''
    if queue and not known[queue] and (binding[1] == key or topic and matches(binding[1], key)) then
      queues[#queues + 1], known[queue] = queue, true
    end
  end
  return queues
end

-- Where a held message goes back to. Without any binding it is the routing key itself: better an odd queue than a lost message.
function routing.queues(exchange, key, layout)
  if type(key) ~= 'string' then return {} end
  local queues = {}
  if type(exchange) == 'string' and exchange ~= '' then queues = routing.bound(exchange, key, layout) end
  if #queues == 0 and key ~= '' then queues[1] = key end
  return queues
end
