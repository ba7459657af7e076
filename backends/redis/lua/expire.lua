-- SPDX-License-Identifier: MIT
--
-- Deletes completed tasks whose retention is over, then archived ones beyond age and number, oldest first.
--
-- KEYS: prefix, completed, archived
-- ARGV: now in ms, how many to delete, archived tasks to keep (-1: all), their age in ms (-1: any)
-- Returns how many were deleted.
local prefix, completed, archived = unpack(KEYS)
local now, max = tonumber(ARGV[1]), tonumber(ARGV[2])
local keep, age = tonumber(ARGV[3]), tonumber(ARGV[4])
local SPARE = 200 -- tasks of one second that are looked at beyond max

-- The exact time of an entry: weir_at, while it rounds to the score.
local function exact(id, score, round)
    local at = redis.pcall('HGET', prefix .. 't:' .. id, 'weir_at')
    at = type(at) == 'string' and tonumber(at)
    return at and round(at / 1000) == score and at or score * 1000
end

local function oldest(rows, round)
    local list = {}
    for i = 1, #rows, 2 do
        list[#list + 1] = {id = rows[i], rank = i, at = exact(rows[i], tonumber(rows[i + 1]), round)}
    end
    table.sort(list, function(a, b)
        if a.at ~= b.at then return a.at < b.at end
        return a.rank < b.rank
    end)
    return list
end

local function forget(set, id)
    local key = prefix .. 't:' .. id
    local lock = redis.pcall('HGET', key, 'unique_key')
    redis.call('ZREM', set, id)
    redis.call('DEL', key)
    if type(lock) == 'string' and lock:sub(1, #prefix) == prefix and redis.call('GET', lock) == id then
        redis.call('DEL', lock)
    end
end

local removed = 0
local soon = math.floor(now / 1000) + 1
local rows = redis.call('ZRANGEBYSCORE', completed, '-inf', soon, 'WITHSCORES', 'LIMIT', 0, max + SPARE)
for _, item in ipairs(oldest(rows, math.ceil)) do
    if item.at > now or removed == max then break end
    forget(completed, item.id)
    removed = removed + 1
end
if removed == max or (keep < 0 and age < 0) then return removed end

local over = keep < 0 and 0 or redis.call('ZCARD', archived) - keep
rows = redis.call('ZRANGE', archived, 0, max - removed + SPARE - 1, 'WITHSCORES')
for _, item in ipairs(oldest(rows, math.floor)) do
    if removed == max or not (over > 0 or age >= 0 and item.at <= now - age) then break end
    forget(archived, item.id)
    removed, over = removed + 1, over - 1
end
return removed
