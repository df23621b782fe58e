-- GCRA, the twin of gcra.rs: same numbers, same answers. All times in microseconds, whole, below 2^53.
-- KEYS[1] the budget. ARGV: now, interval between attempts, burst. Answers {allowed, theoretical arrival}.
local now, interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local arrival = tonumber(redis.call('GET', KEYS[1])) or now
if arrival < now then arrival = now end
-- A clock that ran ahead must not shut people out for longer than one full burst.
if arrival > now + burst then arrival = now + burst end
local next_arrival = arrival + interval
if next_arrival - now > burst then
  return {0, string.format('%.0f', arrival)}
end
redis.call('SET', KEYS[1], string.format('%.0f', next_arrival), 'PX', math.ceil((next_arrival - now) / 1000))
return {1, string.format('%.0f', next_arrival)}
