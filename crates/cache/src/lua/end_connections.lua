-- Takes a node's connections from a person. Answers how many there were, and what is left.
-- KEYS[1] the person's connections. ARGV: what the node's fields begin with.
local fields = redis.call('HGETALL', KEYS[1])
local ended, left = 0, {}
for i = 1, #fields, 2 do
  if string.sub(fields[i], 1, #ARGV[1]) == ARGV[1] then
    redis.call('HDEL', KEYS[1], fields[i])
    ended = ended + 1
  else
    left[#left + 1] = fields[i]
    left[#left + 1] = fields[i + 1]
  end
end
return {ended, left}
