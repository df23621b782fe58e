-- Takes people out of a room's active ones, unless they were seen there after that.
-- KEYS[1] the active people. ARGV: now in ms, person, person …
for i = 2, #ARGV do
  local seen = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]))
  if seen and seen <= tonumber(ARGV[1]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return 1
