-- SPDX-License-Identifier: MIT
--
-- Counts one queue; the aggregating tasks are counted group by group by the caller.
--
-- KEYS: prefix, pending, active, scheduled, retry, archived, completed, paused, groups, processed, failed,
--       processed of the day, failed of the day, aggregation sets
-- ARGV: none
-- Returns {pending, active, scheduled, retry, archived, completed, paused, groups, processed, failed, of the
--          day processed, failed, pending_since of the oldest or "", tasks in staged sets}
local prefix, pending = KEYS[1], KEYS[2]
local out = {redis.call('LLEN', pending), redis.call('LLEN', KEYS[3])}
for i = 4, 7 do out[#out + 1] = redis.call('ZCARD', KEYS[i]) end
out[7] = redis.call('EXISTS', KEYS[8])
out[8] = redis.call('SCARD', KEYS[9])
for i = 10, 13 do out[#out + 1] = redis.call('GET', KEYS[i]) or '0' end
local oldest = redis.call('LINDEX', pending, -1)
local since = oldest and redis.pcall('HGET', prefix .. 't:' .. oldest, 'pending_since')
out[13] = type(since) == 'string' and since or ''
out[14] = 0
for _, set in ipairs(redis.call('ZRANGE', KEYS[14], 0, 999)) do
    local size = set:sub(1, #prefix) == prefix and redis.pcall('ZCARD', set)
    if type(size) == 'number' then out[14] = out[14] + size end
end
return out
