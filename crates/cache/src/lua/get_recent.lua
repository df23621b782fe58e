-- A room's recent messages if they are exactly as of a seq: {older, JSON, JSON …} in ascending order.
-- KEYS[1] the page. ARGV: seq.
local page = redis.call('HMGET', KEYS[1], 'seq', 'low', 'high', 'older')
if not page[1] or not page[2] or tonumber(page[1]) ~= tonumber(ARGV[1]) then return false end
local answer = {page[4]}
local numbers = {}
for number = tonumber(page[2]), tonumber(page[3]) do
  numbers[#numbers + 1] = string.format('%.0f', number)
end
if #numbers == 0 then return answer end
for _, json in ipairs(redis.call('HMGET', KEYS[1], unpack(numbers))) do
  if not json then return false end
  answer[#answer + 1] = json
end
return answer
