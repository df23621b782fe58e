-- Gives the sweep lock back, if it is still one's own.
-- KEYS[1] the lock. ARGV: its owner.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
