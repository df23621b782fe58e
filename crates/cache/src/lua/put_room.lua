-- Keeps a room's slow part, unless a newer one is there.
-- KEYS[1] the room. ARGV: version, JSON, time to live in ms.
local known = tonumber(redis.call('HGET', KEYS[1], 'version'))
if known and known > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'room', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
