-- SPDX-License-Identifier: MIT
--
-- Deletes completed tasks whose retention is over, then archived ones whose time is over, and those beyond the number
-- that would be the next. Archived tasks with a time of their own stand behind all others, by its end.
--
-- KEYS: prefix, completed, archived
-- ARGV: now in ms, how many to delete, archived tasks to keep (-1: all), their age in ms (-1: any)
-- Returns how many were deleted.
local prefix, completed, archived = unpack(KEYS)
local now, max = tonumber(ARGV[1]), tonumber(ARGV[2])
local keep, age = tonumber(ARGV[3]), tonumber(ARGV[4])
local ARCHIVE_OWN = 4398046511104 -- seconds before the end of a time of its own, see message.h
local SPARE = 200 -- tasks of one second that are looked at beyond max

-- The exact time of an entry: weir_at, while it rounds to the score, which stands so many seconds behind it.
local function exact(id, score, round, behind)
    local at = redis.pcall('HGET', prefix .. 't:' .. id, 'weir_at')
    at = type(at) == 'string' and tonumber(at)
    score = score - behind
    return at and round(at / 1000) == score and at or score * 1000
end

-- Adds entries of a set with scores from `first` on to a list: their exact times, and when they end.
local function look(list, set, first, last, count, round, behind, age)
    local rows = redis.call('ZRANGEBYSCORE', set, first, last, 'WITHSCORES', 'LIMIT', 0, count + SPARE)
    for i = 1, #rows, 2 do
        local at = exact(rows[i], tonumber(rows[i + 1]), round, behind)
        list[#list + 1] = {id = rows[i], rank = #list, at = at, ends = at + age}
    end
end

local function sort(list)
    table.sort(list, function(a, b)
        if a.ends ~= b.ends then return a.ends < b.ends end
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
local list = {}
look(list, completed, '-inf', soon, max, math.ceil, 0, 0)
for _, item in ipairs(sort(list)) do
    if item.ends > now or removed == max then break end
    forget(completed, item.id)
    removed = removed + 1
end
if removed == max then return removed end

local over = keep < 0 and 0 or redis.call('ZCARD', archived) - keep
list = {}
if over > 0 or age >= 0 then
    look(list, archived, '-inf', '(' .. ARCHIVE_OWN, max - removed, math.floor, 0, age < 0 and math.huge or age)
end
look(list, archived, ARCHIVE_OWN, over > 0 and '+inf' or ARCHIVE_OWN + soon, max - removed, math.ceil, ARCHIVE_OWN, 0)
for _, item in ipairs(sort(list)) do
    if removed == max or not (over > 0 or item.ends <= now) then break end
    forget(archived, item.id)
    removed, over = removed + 1, over - 1
end
return removed
