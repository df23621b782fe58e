-- A room's recent messages if they are exactly as of a seq: {older, then JSON, notes since …} in ascending order.
-- KEYS[1] the page. ARGV: seq.
local page = redis.call('HMGET', KEYS[1], 'seq', 'low', 'high', 'older')
if not page[1] or not page[2] or tonumber(page[1]) ~= tonumber(ARGV[1]) then return false end
local answer = {page[4]}
local numbers = {}
for number = tonumber(page[2]), tonumber(page[3]) do
  local name = string.format('%.0f', number)
  numbers[#numbers + 1] = name
  numbers[#numbers + 1] = 'notes:' .. name
end
if #numbers == 0 then return answer end
local found = redis.call('HMGET', KEYS[1], unpack(numbers))
for i = 1, #numbers do
  if i % 2 == 1 and not found[i] then return false end
  answer[#answer + 1] = found[i]
end
return answer
