-- SPDX-License-Identifier: MIT
--
-- Removes a queue: its tasks, a bounded number a call, and with the last of them all its other keys.
--
-- KEYS: prefix, pending, active, lease, scheduled, retry, archived, completed, groups, aggregation sets,
--       paused, processed, failed, cancel, quarantine, ticks
-- ARGV: 1 to remove tasks as well, how many, days whose counters go
-- Returns how many tasks were removed, -1 if it is not empty, -2 if tasks are active.
local prefix, pending, active, lease = unpack(KEYS)
local groups, sets = KEYS[9], KEYS[10]
local max = tonumber(ARGV[2])
local removed = 0

if redis.call('LLEN', active) > 0 then return -2 end
if ARGV[1] ~= '1' then
    local waiting = redis.call('LLEN', pending) + redis.call('SCARD', groups) + redis.call('ZCARD', sets)
    for i = 5, 8 do waiting = waiting + redis.call('ZCARD', KEYS[i]) end
    if waiting > 0 then return -1 end
end

local function forget(id)
    local key = prefix .. 't:' .. id
    local lock = redis.pcall('HGET', key, 'unique_key')
    redis.call('DEL', key)
    if type(lock) == 'string' and lock:sub(1, #prefix) == prefix and redis.call('GET', lock) == id then
        redis.call('DEL', lock)
    end
    removed = removed + 1
end

local function empty(set)
    for _, id in ipairs(redis.call('ZRANGE', set, 0, max - removed - 1)) do
        redis.call('ZREM', set, id)
        forget(id)
    end
end

if max > 0 then
    for _, id in ipairs(redis.call('LRANGE', pending, 0, max - 1)) do
        redis.call('LPOP', pending)
        forget(id)
    end
end
for i = 5, 8 do
    if removed < max then empty(KEYS[i]) end
end
while removed < max do
    local set = redis.call('ZRANGE', sets, 0, 0)[1]
    if not set then break end
    if set:sub(1, #prefix) == prefix then empty(set) end
    if removed < max then redis.call('ZREM', sets, set) end
end
while removed < max do
    local group = redis.call('SRANDMEMBER', groups)
    if not group then break end
    empty(prefix .. 'g:' .. group)
    if removed < max then redis.call('SREM', groups, group) end
end
if removed == max then return removed end

redis.call('DEL', unpack(KEYS, 2))
for i = 3, #ARGV do
    redis.call('DEL', prefix .. 'processed:' .. ARGV[i], prefix .. 'failed:' .. ARGV[i])
end
return removed
