-- message.lua: shared piece, after json-text. What the scripts know of a message.
local message = {}

-- The characters of UTF-8 beyond ASCII: no lonely or missing bytes, no detours, no halves of UTF-16 pairs.
local sequences = {
  '^[\194-\223][\128-\191]()', '^\224[\160-\191][\128-\191]()', '^[\225-\236\238\239][\128-\191][\128-\191]()',
  '^\237[\128-\159][\128-\191]()', '^\240[\144-\191][\128-\191][\128-\191]()',
  '^[\241-\243][\128-\191][\128-\191][\128-\191]()', '^\244[\128-\143][\128-\191][\128-\191]()',
}

-- A text that Python cannot decode would stop its scan of `unacked`, so it must not get there as it is.
local function is_utf8(text)
  local at = text:match('^[^\128-\255]*()')
  while at <= #text do
    local after
    for _, sequence in ipairs(sequences) do
      after = after or text:match(sequence, at)
    end
    if not after then return false end
    at = text:match('^[^\128-\255]*()', after)
  end
  return true
end

-- cjson makes tables of objects and arrays alike; only an object has names.
local function has_names(value)
  return type(value) == 'table' and type(next(value)) == 'string'
end

-- Where the object begins that is the value of the only member of this name in the whole text.
local function only(text, name)
  local quoted = '"' .. name .. '"'
  local first, last = text:find(quoted, 1, true)
  if not first or text:find(quoted, last + 1, true) then return end
  local _, at = text:find('^%s*:%s*{', last + 1)
  return at
end

-- What nearly all messages are, found without a walk through the text: the decoded envelope, and where its properties begin.
-- Nil where a closer look is needed: letters written as escapes (a name may hide in them), a second "properties" anywhere,
-- and whatever is no envelope.
local function glance(text)
  local at = only(text, 'properties')
  if not at or not is_utf8(text) then return end
  if text:find('\\u005', 1, true) or text:find('\\u006', 1, true) or text:find('\\u007', 1, true) then return end
  local envelope = json.decode(text)
  local properties = envelope and envelope.properties
  if not has_names(properties) or not has_names(envelope.headers) or not has_names(properties.delivery_info) then return end
  local tag = properties.delivery_tag
  if type(tag) == 'string' and tag ~= '' then return envelope, at end
end

-- The decoded envelope, and where its parts begin in the text; nil if it is not one.
local function read(text)
  local envelope, root = is_utf8(text) and json.decode(text), text:find('%S')
  if not envelope or text:byte(root) ~= 123 then return end
  local headers, properties = json.object(text, root, 'headers'), json.object(text, root, 'properties')
  local info = properties and json.object(text, properties, 'delivery_info')
  if not headers or not info or type(envelope.properties) ~= 'table' then return end
  local tag = envelope.properties.delivery_tag
  if type(tag) ~= 'string' or tag == '' then return end
  return envelope, { headers = headers, properties = properties, info = info }
end

-- What is not an envelope lies in `unacked` as an object of ours that holds it, every byte a character, so that the entry
-- stays JSON for all who read it.
local function wrap(raw)
  return '{"cdt_malformed":"' .. raw:gsub('[^%w ]', function(char) return ('\\u%04x'):format(char:byte()) end) .. '"}'
end

local function unwrap(text)
  local object = json.decode(text)
  if not object or type(object.cdt_malformed) ~= 'string' then return text end
  return (object.cdt_malformed:gsub('[\194\195][\128-\191]', function(pair)
    return string.char((pair:byte(1) - 194) * 64 + pair:byte(2))
  end))
end

-- A text of a queue, or of somebody else's entry, without a mark of ours that a peer has kept and put back.
function message.without_mark(text)
  local _, parts = read(text)
  return parts and json.remove(text, parts.properties, 'cdt_holder') or unwrap(text)
end

-- Takes a text of a queue: itself without an old mark, its delivery tag (nil if it is no envelope), and what is recorded of
-- it, with the new holder's mark as the first of its properties.
function message.take(raw, holder)
  local mark = '"cdt_holder":"' .. holder .. '",'
  local text, envelope, at = raw, nil, nil
  if not raw:find('"cdt_holder"', 1, true) then envelope, at = glance(raw) end
  if not envelope then
    local parts
    text = message.without_mark(raw)
    envelope, parts = read(text)
    if not envelope then return text, nil, '{' .. mark .. wrap(text):sub(2) end
    at = parts.properties
  end
  return text, envelope.properties.delivery_tag, text:sub(1, at) .. mark .. text:sub(at + 1)
end

-- The reverse, for what we recorded: as it lay in the queue.
function message.untake(marked)
  local first = marked:find('"cdt_holder":"', 1, true)
  if not first or marked:find('"cdt_holder"', first + 1, true) then return message.without_mark(marked) end
  local _, last = marked:find('",', first + 14, true)
  local text = marked:sub(1, first - 1) .. marked:sub(last + 1)
  return text:find('{"cdt_malformed":', 1, true) == 1 and unwrap(text) or text
end

-- With both redelivered flags; what is not an envelope stays as it is.
function message.redelivered(text)
  local envelope = glance(text)
  if envelope and envelope.headers.redelivered == true and envelope.properties.delivery_info.redelivered == true then
    return text
  end
  local headers, info = only(text, 'headers'), only(text, 'delivery_info')
  if envelope and headers and info and not text:find('"redelivered"', 1, true) then
    local flag, first, second = '"redelivered":true,', math.min(headers, info), math.max(headers, info)
    return text:sub(1, first) .. flag .. text:sub(first + 1, second) .. flag .. text:sub(second + 1)
  end
  local _, parts = read(text)
  if not parts then return text end
  text = json.set(text, parts.headers, 'redelivered', 'true')
  _, parts = read(text)
  return json.set(text, parts.info, 'redelivered', 'true')
end

-- With one more in its count of holders that died over it.
function message.with_death(text)
  local envelope, at = glance(text)
  if not envelope then
    local parts
    envelope, parts = read(text)
    if not parts then return text end
    at = parts.properties
  end
  local deaths = tonumber(envelope.properties.cdt_deaths)
  if not deaths or not (deaths >= 0 and deaths < 1000000) then deaths = 0 end
  return json.set(text, at, 'cdt_deaths', ('%d'):format(deaths + 1))
end

-- With a count of zero.
function message.without_deaths(text)
  local _, parts = read(text)
  return parts and json.remove(text, parts.properties, 'cdt_deaths') or text
end

-- The list of the queue that a message's priority leads to: clamped to 0..9, rounded down to a step.
function message.list(text, queue, layout)
  local envelope = glance(text) or read(text)
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
  local text, key = entry:match('^%[(.*),"","([^"\\]*)"%]$')
  -- Written by us; by others perhaps, but then it is read the same.
  if text then return text, '', key end
  local first = entry:find('%S', 2)
  local last = json.after_value(entry, first) - 1
  local address = cjson.decode('[' .. entry:sub(entry:find(',', last, true) + 1))
  return entry:sub(first, last), address[1], address[2]
end
