-- SPDX-License-Identifier: MIT
--
-- Publishes the entries of a scheduler in place of those before.
--
-- KEYS: the scheduler's key
-- ARGV: ms to live, then the entries, one at least
local key = KEYS[1]
redis.call('DEL', key)
for i = 2, #ARGV do redis.call('RPUSH', key, ARGV[i]) end
redis.call('PEXPIRE', key, ARGV[1])
return 1
