-- Moves a room's recent messages on by a run of committed events without holes; the twin of recent.rs.
-- Where the run does not continue what is there, or holds what cannot be followed, a hollow page is left: its
-- seq, without messages, so that nothing older comes back.
-- KEYS[1] the page. ARGV: first seq, last seq, time to live in ms, messages at most, bytes of notes on one at most, then
-- for each event that touches a message: seq, 'new' | 'changed' | 'noted' | 'gone' | 'lost', number, JSON, the id of the
-- message ('new': of the one it answers, or empty), a line of note ('new': for the one it answers).
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

-- The number of the first message here whose JSON holds a text, begins with it if so asked. Quotes in a text of a
-- person are escaped, so no text can feign a key; metadata can, which empties the page and does no harm.
local function find(text, at_start)
  if high < low then return nil end
  local numbers = {}
  for number = low, high do numbers[#numbers + 1] = string.format('%.0f', number) end
  for i, json in ipairs(redis.call('HMGET', KEYS[1], unpack(numbers))) do
    local at = json and string.find(json, text, 1, true)
    if at and (at == 1 or not at_start) then return numbers[i] end
  end
  return nil
end

local function shows_parent(id)
  return find('"reply_to":"' .. id .. '"', false)
end

-- Adds a line to what became of a message here; false when there would be too much of it.
local function add_note(number, line)
  local name = 'notes:' .. number
  local notes = redis.call('HGET', KEYS[1], name) or ''
  if #notes + #line > tonumber(ARGV[5]) then return false end
  redis.call('HSET', KEYS[1], name, notes .. line)
  return true
end

if not low or first > seq + 1 then return leave_hollow() end
for i = 6, #ARGV, 6 do
  if tonumber(ARGV[i]) > seq then
    local kind, number, json, id = ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3], ARGV[i + 4]
    if kind == 'new' then
      if number ~= high + 1 then return leave_hollow() end
      if id ~= '' then
        local parent = find('{"id":"' .. id .. '"', true)
        if parent and not add_note(parent, ARGV[i + 5]) then return leave_hollow() end
      end
      redis.call('HSET', KEYS[1], ARGV[i + 2], json)
      high = number
      if high - low + 1 > tonumber(ARGV[4]) then
        local lowest = string.format('%.0f', low)
        redis.call('HDEL', KEYS[1], lowest, 'notes:' .. lowest)
        low = low + 1
        older = '1'
      end
    elseif kind == 'noted' then
      -- Nothing of it is shown by replies.
      if number > high then return leave_hollow() end
      if number >= low and not add_note(ARGV[i + 2], ARGV[i + 5]) then return leave_hollow() end
    elseif kind ~= 'lost' and shows_parent(id) then
      return leave_hollow()
    elseif number >= low then
      if kind ~= 'changed' or number > high then return leave_hollow() end
      -- What the event tells of the message holds all that was noted up to then.
      redis.call('HDEL', KEYS[1], 'notes:' .. ARGV[i + 2])
      redis.call('HSET', KEYS[1], ARGV[i + 2], json)
    end
  end
end
redis.call('HSET', KEYS[1], 'seq', ARGV[2], 'older', older,
  'low', string.format('%.0f', low), 'high', string.format('%.0f', high))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
