-- SPDX-License-Identifier: MIT
--
-- Takes, renews or gives up a leadership. To renew it needs no memory.
--
-- KEYS: its key
-- ARGV: holder, ms to hold it (0: give it up)
-- Returns 1 when the holder has it (or gave it up), else 0.
local key, holder, ttl = KEYS[1], ARGV[1], ARGV[2]
local present = redis.call('GET', key)
if present and present ~= holder then return 0 end
if ttl == '0' then
    redis.call('DEL', key)
elseif present then
    redis.call('PEXPIRE', key, ttl)
else
    redis.call('SET', key, holder, 'PX', ttl)
end
return 1
