-- SPDX-License-Identifier: MIT
--
-- Looks at tasks by their hashes and puts right what no list of ids would ever lead to: a task that is in no
-- list, or a group that is not named. What an archive's trimming left behind is deleted, as was meant.
--
-- KEYS: prefix, pending, active, lease, scheduled, retry, archived, completed, groups, aggregation sets
-- ARGV: now in s, ids
-- Returns how many were put right.
local prefix, pending, active, lease, scheduled, retry, archived, completed, groups, sets = unpack(KEYS)
local now_s = ARGV[1]
local LONG = 5000 -- a list longer than this is not searched

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

function mend.aggregating(id)
    local group = redis.call('HGET', prefix .. 't:' .. id, 'group')
    if not group then return 0 end
    local key = prefix .. 'g:' .. group
    if not redis.call('ZSCORE', key, id) then
        if redis.call('ZCARD', sets) > 0 then return 0 end
        redis.call('ZADD', key, now_s, id)
    elseif redis.call('SISMEMBER', groups, group) == 1 then
        return 0
    end
    redis.call('SADD', groups, group)
    return 1
end

local mended = 0
for i = 2, #ARGV do
    local facts = redis.pcall('HMGET', prefix .. 't:' .. ARGV[i], 'state', 'msg')
    if not facts.err and not facts[2] then
        mended = mended + redis.call('DEL', prefix .. 't:' .. ARGV[i])
    elseif not facts.err and mend[facts[1]] then
        mended = mended + mend[facts[1]](ARGV[i])
    end
end
return mended
