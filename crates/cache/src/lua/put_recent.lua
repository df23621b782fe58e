-- Keeps a room's recent messages as of a seq, unless something as new is there: a newer page, or the same.
-- A hollow one (a seq without messages) of the same seq gives way.
-- KEYS[1] the page. ARGV: seq, time to live in ms, older ('1' or '0'), lowest number, JSON, JSON …
local seq = tonumber(ARGV[1])
local known = redis.call('HMGET', KEYS[1], 'seq', 'low')
if known[1] then
  if tonumber(known[1]) > seq then return 0 end
  if tonumber(known[1]) == seq and known[2] then return 0 end
end
redis.call('DEL', KEYS[1])
local low = tonumber(ARGV[4])
redis.call('HSET', KEYS[1], 'seq', ARGV[1], 'older', ARGV[3],
  'low', string.format('%.0f', low), 'high', string.format('%.0f', low + #ARGV - 5))
for i = 5, #ARGV do
  redis.call('HSET', KEYS[1], string.format('%.0f', low + i - 5), ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
