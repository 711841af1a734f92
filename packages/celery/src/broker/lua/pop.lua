-- pop.lua: takes the next messages and records them as held, in one step.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases  4.. lists: for each priority step, in the order in which they are served,
--       that of every queue
-- ARGV  1 lease in s  2 holder nonce  3 most messages  4 1 to rotate: a queue that gave one goes to the end  5.. queues
-- answer  for each message {tag of its entry, number of the queue, message as it lay in the queue}
-- An entry is as kombu's, the message in it carries our mark, and its address is the queue itself, so that whoever gives
-- it back puts it where it came from. Its tag is a new one every time. A peer that held the message before still knows its
-- delivery tag, and kombu acknowledges and gives back by tag, whoever holds the entry by now. And of a message that was
-- routed to two queues, both copies have one delivery tag.
local holder, most, rotate = ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'
local order, empty = {}, {}
for i = 5, #ARGV do order[i - 4] = i - 4 end

local function next_text()
  for first = 4, #KEYS, #order do
    for place, queue in ipairs(order) do
      local list = first + queue - 1
      local text = not empty[list] and redis.call('RPOP', KEYS[list])
      if text then
        if rotate then table.insert(order, table.remove(order, place)) end
        return text, queue
      end
      empty[list] = true
    end
  end
end

local now, popped, scores = lease.now(), {}, {}
for n = 1, most do
  local raw, queue = next_text()
  if not raw then break end
  local text, delivery_tag, marked = message.take(raw, holder)
  local tag = (delivery_tag or 'unreadable') .. '-' .. holder .. '-' .. n
  redis.call('HSET', KEYS[1], tag, '[' .. marked .. ',"",' .. cjson.encode(ARGV[queue + 4]) .. ']')
  scores[2 * n - 1], scores[2 * n] = lease.ending(now, tonumber(ARGV[1]), n), tag
  popped[n] = { tag, queue, text }
end
lease.set(scores)
return popped
