-- SPDX-License-Identifier: MIT
--
-- Runs, archives or deletes tasks that are not active: those named, or so many of a state.
--
-- KEYS: prefix, pending, scheduled, retry, archived, completed, groups
-- ARGV: "run", "archive" or "delete", now in ms, then "ids" and ids, or
--       "all", the state, how many, and for aggregating a group
-- Returns one letter for each id: o (done), n (no such task), s (not in its state, or staged).
local prefix, pending, scheduled, retry, archived, completed, groups = unpack(KEYS)
local verb, now_ms = ARGV[1], ARGV[2]
local ARCHIVE_OWN = 4398046511104 -- seconds before the end of a time of its own, see message.h
local ARCHIVE_FOR_MAX = 3155760000000 -- a hundred years; what is longer counts as none
local sets = {scheduled = scheduled, retry = retry, archived = archived, completed = completed}
local refused = {
    run = {pending = true, active = true},
    archive = {active = true, archived = true, completed = true},
    delete = {active = true},
}

-- One of many (`wanted`) stands at the tail, where LREM finds it at once; looking for the same id in the rest of a long
-- list would make each of them cost the whole list.
local function leave(id, state, group, wanted)
    if sets[state] then
        redis.call('ZREM', sets[state], id)
    elseif state == 'pending' then
        if redis.call('LREM', pending, -1, id) > 0 and not wanted then redis.call('LREM', pending, 0, id) end
    elseif state == 'aggregating' and group then
        local key = prefix .. 'g:' .. group
        redis.call('ZREM', key, id)
        if redis.call('EXISTS', key) == 0 then redis.call('SREM', groups, group) end
    end
end

-- A task of a staged set has left its group.
local function is_staged(id, state, group)
    return state == 'aggregating' and group and not redis.call('ZSCORE', prefix .. 'g:' .. group, id)
end

-- include message.lua

-- How long a task is to be kept once archived (field 7 of field 1000), nil: as long as any.
local function archive_for(msg)
    local len, i = find(msg, 1, #msg, 8002)
    local ms = len and find(msg, i, i + len - 1, 56)
    return ms and ms > 0 and ms <= ARCHIVE_FOR_MAX and ms or nil
end

local act = {}
function act.run(id, key)
    redis.call('HSET', key, 'state', 'pending', 'pending_since', now_ms .. '000000')
    redis.call('LPUSH', pending, id)
end
function act.archive(id, key, _, msg)
    local own, at = archive_for(msg), tonumber(now_ms)
    local score = math.floor(at / 1000)
    if own then
        at = at + own
        score = ARCHIVE_OWN + math.ceil(at / 1000)
    end
    redis.call('HSET', key, 'state', 'archived', 'weir_at', string.format('%.0f', at))
    redis.call('HDEL', key, 'pending_since')
    redis.call('ZADD', archived, string.format('%.0f', score), id)
end
function act.delete(id, key, lock)
    redis.call('DEL', key)
    if lock and lock:sub(1, #prefix) == prefix and redis.call('GET', lock) == id then
        redis.call('DEL', lock)
    end
end

-- Where an id stands in a list of `wanted` but its task does not say so, the entry is what is wrong.
local function steer(id, wanted, set)
    local key = prefix .. 't:' .. id
    local facts = redis.pcall('HMGET', key, 'state', 'group', 'unique_key', 'msg')
    local state = not facts.err and facts[1] or nil
    if wanted and (state ~= wanted or not facts[4]) then
        if wanted == 'pending' then
            redis.call('LREM', pending, -1, id)
        else
            redis.call('ZREM', set, id)
        end
        return 'n'
    end
    if facts.err or not facts[4] then return 'n' end
    if refused[verb][state] or not wanted and is_staged(id, state, facts[2]) then return 's' end
    leave(id, state, facts[2], wanted)
    act[verb](id, key, facts[3], facts[4])
    return 'o'
end

local results = {}
if ARGV[3] == 'ids' then
    for i = 4, #ARGV do results[#results + 1] = steer(ARGV[i]) end
    return table.concat(results)
end
local wanted, max = ARGV[4], tonumber(ARGV[5])
local set = sets[wanted] or ARGV[6] and prefix .. 'g:' .. ARGV[6]
local ids
if refused[verb][wanted] then
    return ''
elseif wanted == 'pending' then
    ids = redis.call('LRANGE', pending, -max, -1)
else
    ids = redis.call('ZRANGE', set, 0, max - 1)
end
local first, last, step = 1, #ids, 1
if wanted == 'pending' then first, last, step = #ids, 1, -1 end
for i = first, last, step do results[#results + 1] = steer(ids[i], wanted, set) end
return table.concat(results)
