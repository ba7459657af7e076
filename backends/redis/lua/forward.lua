-- SPDX-License-Identifier: MIT
--
-- Moves due tasks of scheduled and retry, as one order, to pending or to their group. A score is the
-- due time rounded up to seconds; the exact one is in weir_at, which counts only while its ceiling
-- is the score: whoever else moves a task makes it void. So the second that is under way is looked at too.
--
-- KEYS: prefix, scheduled, retry, pending, groups
-- ARGV: now in ms, how many to move
-- Returns {moved, next due time in ms or ""}
local prefix, scheduled, retry, pending, groups = unpack(KEYS)
local now, max = tonumber(ARGV[1]), tonumber(ARGV[2])
local soon = math.floor(now / 1000) + 1
local SPARE = 200 -- tasks of one second that are looked at beyond max

local function due_at(id, score)
    local at = redis.pcall('HGET', prefix .. 't:' .. id, 'weir_at')
    at = type(at) == 'string' and tonumber(at)
    return at and math.ceil(at / 1000) == score and at or score * 1000
end

local function look(set, list)
    local rows = redis.call('ZRANGEBYSCORE', set, '-inf', soon, 'WITHSCORES', 'LIMIT', 0, max + SPARE)
    for i = 1, #rows, 2 do
        list[#list + 1] = {id = rows[i], set = set, rank = i, at = due_at(rows[i], tonumber(rows[i + 1]))}
    end
    return #rows / 2 == max + SPARE
end

-- The earliest due time after the second that is under way.
local function later(set)
    local rows = redis.call('ZRANGEBYSCORE', set, '(' .. soon, '+inf', 'WITHSCORES', 'LIMIT', 0, 50)
    local first
    for i = 1, #rows, 2 do
        if rows[i + 1] ~= rows[2] then return first end
        local at = due_at(rows[i], tonumber(rows[i + 1]))
        if not first or at < first then first = at end
    end
    return #rows == 100 and (tonumber(rows[2]) - 1) * 1000 + 1 or first
end

-- include message.lua

-- The group that a message names (field 14), for tasks scheduled by asynq, which does not store it.
local function group_in(msg)
    local len, i = find(msg, 1, #msg, 114)
    return len and msg:sub(i, i + len - 1)
end

local list = {}
local full = look(scheduled, list)
full = look(retry, list) or full
table.sort(list, function(a, b)
    if a.at ~= b.at then return a.at < b.at end
    if a.set ~= b.set then return a.set == retry end
    return a.rank < b.rank
end)

local moving, dead, count, next_at = {}, {}, 0, nil
for _, item in ipairs(list) do
    if item.at > now or count == max then
        next_at = item.at
        break
    end
    local facts = redis.pcall('HMGET', prefix .. 't:' .. item.id, 'group', 'msg')
    if facts.err or not facts[2] then
        dead[#dead + 1] = item
    else
        item.group = facts[1] or group_in(facts[2])
        if item.group == '' then item.group = nil end
        moving[#moving + 1] = item
        count = count + 1
    end
end
if full and count < max then next_at = math.min(next_at or math.huge, now + 50) end
if not next_at then
    local a, b = later(scheduled), later(retry)
    next_at = a and b and math.min(a, b) or a or b
end

local now_s = string.format('%.0f', soon - 1)
local ids = {}
for _, item in ipairs(dead) do
    redis.call('ZREM', item.set, item.id)
    redis.call('DEL', prefix .. 't:' .. item.id)
end
for _, item in ipairs(moving) do
    local key = prefix .. 't:' .. item.id
    redis.call('ZREM', item.set, item.id)
    if item.group then
        redis.call('HSET', key, 'state', 'aggregating', 'group', item.group, 'weir_at', ARGV[1])
        redis.call('ZADD', prefix .. 'g:' .. item.group, now_s, item.id)
        redis.call('SADD', groups, item.group)
    else
        redis.call('HSET', key, 'state', 'pending', 'pending_since', ARGV[1] .. '000000')
        ids[#ids + 1] = item.id
    end
end
for i = 1, #ids, 1000 do redis.call('LPUSH', pending, unpack(ids, i, math.min(i + 999, #ids))) end
return {count, next_at and string.format('%.0f', next_at) or ''}
