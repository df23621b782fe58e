-- Moves a room's recent messages on by a run of committed events without holes; the twin of recent.rs.
-- Where the run does not continue what is there, or holds what cannot be followed, a hollow page is left: its
-- seq, without messages, so that nothing older comes back.
-- KEYS[1] the page. ARGV: first seq, last seq, time to live in ms, messages at most, then for each event that
-- touches a message: seq, 'new' | 'changed' | 'lost', number, JSON.
local page = redis.call('HMGET', KEYS[1], 'seq', 'low', 'high', 'older')
if not page[1] then return 0 end
local seq, first, last = tonumber(page[1]), tonumber(ARGV[1]), tonumber(ARGV[2])
if seq >= last then return 0 end
local low, high, older = tonumber(page[2]), tonumber(page[3]), page[4]

local function leave_hollow()
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'seq', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return 2
end

if not low or first > seq + 1 then return leave_hollow() end
for i = 5, #ARGV, 4 do
  if tonumber(ARGV[i]) > seq then
    local kind, number, json = ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3]
    if kind == 'new' then
      if number ~= high + 1 then return leave_hollow() end
      redis.call('HSET', KEYS[1], ARGV[i + 2], json)
      high = number
      if high - low + 1 > tonumber(ARGV[4]) then
        redis.call('HDEL', KEYS[1], string.format('%.0f', low))
        low = low + 1
        older = '1'
      end
    elseif number >= low then
      if kind ~= 'changed' or number > high then return leave_hollow() end
      redis.call('HSET', KEYS[1], ARGV[i + 2], json)
    end
  end
end
redis.call('HSET', KEYS[1], 'seq', ARGV[2], 'older', older,
  'low', string.format('%.0f', low), 'high', string.format('%.0f', high))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
