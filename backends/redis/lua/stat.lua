-- SPDX-License-Identifier: MIT
--
-- Counts one queue, as of one moment. Only where there are very many groups their tasks are left to the caller, to whom
-- a set that becomes a task meanwhile may show in neither place.
--
-- KEYS: prefix, pending, active, scheduled, retry, archived, completed, paused, groups, processed, failed,
--       processed of the day, failed of the day, aggregation sets
-- ARGV: none
-- Returns {pending, active, scheduled, retry, archived, completed, paused, groups, processed, failed, of the
--          day processed, failed, pending_since of the oldest or "", tasks in staged sets and groups,
--          1 if the tasks in groups are left to the caller}
local prefix, pending = KEYS[1], KEYS[2]
local GROUPS_MAX = 1000
local out = {redis.call('LLEN', pending), redis.call('LLEN', KEYS[3])}
for i = 4, 7 do out[#out + 1] = redis.call('ZCARD', KEYS[i]) end
out[7] = redis.call('EXISTS', KEYS[8])
out[8] = redis.call('SCARD', KEYS[9])
for i = 10, 13 do out[#out + 1] = redis.call('GET', KEYS[i]) or '0' end
local oldest = redis.call('LINDEX', pending, -1)
local since = oldest and redis.pcall('HGET', prefix .. 't:' .. oldest, 'pending_since')
out[13] = type(since) == 'string' and since or ''

local function size_of(set)
    local size = redis.pcall('ZCARD', set)
    return type(size) == 'number' and size or 0
end

out[14] = 0
for _, set in ipairs(redis.call('ZRANGE', KEYS[14], 0, 999)) do
    if set:sub(1, #prefix) == prefix then out[14] = out[14] + size_of(set) end
end
out[15] = out[8] > GROUPS_MAX and 1 or 0
if out[15] == 0 then
    for _, group in ipairs(redis.call('SMEMBERS', KEYS[9])) do
        out[14] = out[14] + size_of(prefix .. 'g:' .. group)
    end
end
return out
