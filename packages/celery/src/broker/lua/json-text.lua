-- json-text.lua: shared piece. Changes single members of a JSON text and leaves every other byte as it is.
-- Decoding and encoding again with cjson would turn [] into {} and cut long numbers short.
-- The text must be valid JSON (json.decode has taken it). Positions are those of the first byte.
local json = {}

-- The table that the text stands for, else nil. cjson refuses halves of UTF-16 pairs, which Python writes and reads: such
-- characters come out as others.
function json.decode(text)
  local ok, value = pcall(cjson.decode, text)
  if not ok and text:find('\\u[dD][89a-fA-F]') then
    ok, value = pcall(cjson.decode, (text:gsub('\\u[dD][89a-fA-F]%x%x', '\\ufffd')))
  end
  if ok and type(value) == 'table' then return value end
end

function json.after_string(text, at)
  local i = at + 1
  while true do
    i = text:find('["\\]', i)
    if text:byte(i) == 34 then return i + 1 end
    i = i + 2
  end
end

function json.after_value(text, at)
  local byte = text:byte(at)
  if byte == 34 then return json.after_string(text, at) end
  if byte ~= 123 and byte ~= 91 then return text:find('[%s,%]}]', at) or #text + 1 end
  local depth, i = 0, at
  repeat
    i = text:find('["{}%[%]]', i)
    byte = text:byte(i)
    if byte == 34 then
      i = json.after_string(text, i)
    else
      depth = depth + ((byte == 123 or byte == 91) and 1 or -1)
      i = i + 1
    end
  until depth == 0
  return i
end

-- The string that begins at `at` and ends before `after`, its escapes read.
local function string_at(text, at, after)
  local inside = text:sub(at + 1, after - 2)
  return inside:find('\\', 1, true) and json.decode('["' .. inside .. '"]')[1] or inside
end

-- The member of the object at `at`: positions of its key, and first and last of its value. Of twins the last, as in Python.
function json.member(text, at, key)
  local found
  local i = text:find('%S', at + 1)
  while text:byte(i) == 34 do
    local after_key = json.after_string(text, i)
    local value = text:find('%S', text:find(':', after_key, true) + 1)
    local after = json.after_value(text, value)
    if string_at(text, i, after_key) == key then found = { key = i, first = value, last = after - 1 } end
    i = text:find('%S', after)
    if text:byte(i) == 44 then i = text:find('%S', i + 1) end
  end
  return found
end

-- Where the object begins that is the value of `key`; nil if there is none, or it is no object.
function json.object(text, at, key)
  local member = json.member(text, at, key)
  if member and text:byte(member.first) == 123 then return member.first end
end

function json.set(text, at, key, value)
  local member = json.member(text, at, key)
  if member then return text:sub(1, member.first - 1) .. value .. text:sub(member.last + 1) end
  local comma = text:byte(text:find('%S', at + 1)) == 125 and '' or ','
  return text:sub(1, at) .. '"' .. key .. '":' .. value .. comma .. text:sub(at + 1)
end

function json.remove(text, at, key)
  local member = json.member(text, at, key)
  while member do
    local before, after = text:sub(1, member.key - 1), text:sub(member.last + 1)
    local without_comma, commas = after:gsub('^%s*,%s*', '', 1)
    text = commas == 1 and before .. without_comma or before:gsub(',%s*$', '', 1) .. after
    member = json.member(text, at, key)
  end
  return text
end
