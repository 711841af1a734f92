-- pop.lua: takes the next message and records it as held, in one step.
-- KEYS  1 unacked  2 unacked_index  3 cdt:leases  4.. lists, in the order in which they are served
-- ARGV  1 lease in s  2 holder nonce  3.. name of the queue of each list
-- answer  false when all are empty, else {delivery tag, number of the list, message as it lay in the queue}
-- The entry is as kombu's, the message in it carries our mark, and its address is the queue itself, so that whoever gives
-- it back puts it where it came from.
for i = 4, #KEYS do
  local raw = redis.call('RPOP', KEYS[i])
  if raw then
    local queue, holder = ARGV[i - 1], ARGV[2]
    local text = message.unmark(raw)
    local envelope = message.read(text)
    local tag = envelope and envelope.properties.delivery_tag or 'unreadable-' .. holder
    -- Of a message that was routed to two queues, both copies have one tag; the other's entry is not ours to overwrite.
    if redis.call('HEXISTS', KEYS[1], tag) == 1 then tag = tag .. '-' .. holder end
    redis.call('HSET', KEYS[1], tag, '[' .. message.mark(text, holder) .. ',"",' .. cjson.encode(queue) .. ']')
    lease.set(tag, tonumber(ARGV[1]))
    return { tag, i - 3, text }
  end
end
return false
