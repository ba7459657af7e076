-- SPDX-License-Identifier: MIT
--
-- Looks at tasks by their hashes and puts right what no list of ids would ever lead to: a task that is in no
-- list, or a group that is not named. What an archive's trimming left behind is deleted, as was meant. Looks at groups and
-- staged sets as well: a set that is not named counts as one whose time is over.
--
-- KEYS: prefix, pending, active, lease, scheduled, retry, archived, completed, groups, aggregation sets
-- ARGV: now in s, keys without the prefix: t:<id>, g:<group>, g:<group>:<set>
-- Returns how many were put right.
local prefix, pending, active, lease, scheduled, retry, archived, completed, groups, sets = unpack(KEYS)
local now_s = ARGV[1]
local LONG = 5000 -- a list longer than this is not searched
local SOME = 100 -- entries of a group that are looked at

local function is_in(list, id)
    return redis.call('LLEN', list) > LONG or redis.call('LPOS', list, id)
end

local function forget(id)
    local key = prefix .. 't:' .. id
    local lock = redis.call('HGET', key, 'unique_key')
    if lock and lock:sub(1, #prefix) == prefix and redis.call('GET', lock) == id then
        redis.call('DEL', lock)
    end
    return redis.call('DEL', key)
end

local function kept(set)
    return function(id)
        if redis.call('ZSCORE', set, id) then return 0 end
        return forget(id)
    end
end

local function due(set)
    return function(id)
        if redis.call('ZSCORE', set, id) then return 0 end
        return redis.call('ZADD', set, now_s, id)
    end
end

local mend = {
    archived = kept(archived), completed = kept(completed),
    scheduled = due(scheduled), retry = due(retry),
}

function mend.pending(id)
    if is_in(pending, id) then return 0 end
    redis.call('LPUSH', pending, id)
    return 1
end

function mend.active(id)
    if redis.call('ZSCORE', lease, id) or is_in(active, id) then return 0 end
    redis.call('LPUSH', active, id)
    redis.call('ZADD', lease, now_s, id)
    return 1
end

local function is_staged(id, key)
    for _, set in ipairs(redis.call('ZRANGE', sets, 0, LONG)) do
        if set:sub(1, #key + 1) == key .. ':' and type(redis.pcall('ZSCORE', set, id)) == 'string' then
            return true
        end
    end
    return false
end

function mend.aggregating(id)
    local group = redis.call('HGET', prefix .. 't:' .. id, 'group')
    if not group then return 0 end
    local key = prefix .. 'g:' .. group
    if not redis.call('ZSCORE', key, id) then
        if is_staged(id, key) then return 0 end
        redis.call('ZADD', key, now_s, id)
    elseif redis.call('SISMEMBER', groups, group) == 1 then
        return 0
    end
    redis.call('SADD', groups, group)
    return 1
end

local function mend_task(id)
    local facts = redis.pcall('HMGET', prefix .. 't:' .. id, 'state', 'msg')
    if not facts.err and not facts[2] then return redis.call('DEL', prefix .. 't:' .. id) end
    return not facts.err and mend[facts[1]] and mend[facts[1]](id) or 0
end

-- What tells a set from a group whose name looks like one is the group that its tasks name.
local function mend_group(name)
    local key = prefix .. 'g:' .. name
    local ids = redis.pcall('ZRANGE', key, 0, SOME - 1)
    if ids.err or redis.call('ZSCORE', sets, key) then return 0 end
    local count = 0
    for _, id in ipairs(ids) do
        local facts = redis.pcall('HMGET', prefix .. 't:' .. id, 'group', 'msg')
        if facts.err or not facts[2] then
            count = count + redis.call('ZREM', key, id)
        elseif facts[1] ~= name and facts[1] == name:match('^(.*):[^:]*$') then
            redis.call('ZADD', sets, now_s, key)
            return count + 1
        end
    end
    if redis.call('EXISTS', key) == 0 then redis.call('SREM', groups, name) end
    return count
end

local mended = 0
for i = 2, #ARGV do
    local look = ARGV[i]:sub(1, 2) == 't:' and mend_task or mend_group
    mended = mended + look(ARGV[i]:sub(3))
end
return mended
