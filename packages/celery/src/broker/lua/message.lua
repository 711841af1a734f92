-- message.lua: shared piece, after json-text. What the scripts know of a message.
local message = {}

-- A text that Python cannot decode would stop its scan of `unacked`, so it must not get there as it is.
local function is_utf8(text)
  if not text:find('[\128-\255]') then return true end
  local rest = text:gsub('[\194-\223][\128-\191]', ' '):gsub('\224[\160-\191][\128-\191]', ' ')
  rest = rest:gsub('[\225-\239][\128-\191][\128-\191]', ' '):gsub('\240[\144-\191][\128-\191][\128-\191]', ' ')
  rest = rest:gsub('[\241-\244][\128-\191][\128-\191][\128-\191]', ' ')
  return not rest:find('[\128-\255]')
end

-- The decoded envelope, and where its parts begin in the text; nil if it is not one.
function message.read(text)
  if not is_utf8(text) then return end
  local ok, envelope = pcall(cjson.decode, text)
  local root = text:find('%S')
  if not ok or type(envelope) ~= 'table' or text:byte(root) ~= 123 then return end
  local headers, properties = json.object(text, root, 'headers'), json.object(text, root, 'properties')
  local info = properties and json.object(text, properties, 'delivery_info')
  if not headers or not info or type(envelope.properties) ~= 'table' then return end
  local tag = envelope.properties.delivery_tag
  if type(tag) ~= 'string' or tag == '' then return end
  return envelope, { root = root, headers = headers, properties = properties, info = info }
end

-- What is not an envelope lies in `unacked` as an object of ours that holds it, every byte a character, so that the entry
-- stays JSON for all who read it.
function message.wrap(raw)
  return '{"cdt_malformed":"' .. raw:gsub('[^%w ]', function(char) return ('\\u%04x'):format(char:byte()) end) .. '"}'
end

function message.unwrap(text)
  local ok, object = pcall(cjson.decode, text)
  if not ok or type(object) ~= 'table' or type(object.cdt_malformed) ~= 'string' then return text end
  return (object.cdt_malformed:gsub('[\194\195][\128-\191]', function(pair)
    return string.char((pair:byte(1) - 194) * 64 + pair:byte(2))
  end))
end

-- With the holder's mark as the first member of its properties. A mark of an earlier holder, that a peer gave back
-- without knowing of it, goes.
function message.mark(text, holder)
  local _, parts = message.read(text)
  if not parts then
    return '{"cdt_holder":"' .. holder .. '",' .. message.wrap(text):sub(2)
  end
  return json.set(json.remove(text, parts.properties, 'cdt_holder'), parts.properties, 'cdt_holder', '"' .. holder .. '"')
end

-- As it lay in the queue.
function message.unmark(text)
  local _, parts = message.read(text)
  return parts and json.remove(text, parts.properties, 'cdt_holder') or message.unwrap(text)
end

-- With both redelivered flags; what is not an envelope stays as it is.
function message.given_back(text)
  local _, parts = message.read(text)
  if not parts then return text end
  text = json.set(text, parts.headers, 'redelivered', 'true')
  _, parts = message.read(text)
  return json.set(text, parts.info, 'redelivered', 'true')
end

-- The list of the queue that its priority leads to: clamped to 0..9, rounded down to a step.
function message.list(envelope, queue, layout)
  local priority = envelope and tonumber(envelope.properties.priority) or 0
  priority = math.max(0, math.min(9, math.floor(priority)))
  local chosen = 0
  for _, step in ipairs(layout.steps) do
    if step <= priority then chosen = step end
  end
  return layout.prefix .. queue .. (chosen == 0 and '' or layout.separator .. ('%d'):format(chosen))
end

-- An entry of `unacked` is [message, exchange, routing key]: the message's text, and the other two.
function message.of_entry(entry)
  local first = entry:find('%S', 2)
  local last = json.after_value(entry, first) - 1
  local address = cjson.decode('[' .. entry:sub(entry:find(',', last, true) + 1))
  return entry:sub(first, last), address[1], address[2]
end
