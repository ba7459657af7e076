-- SPDX-License-Identifier: MIT
--
-- Part of scripts that put one task, which have the locals prefix, pending, scheduled, groups and now_ms.

-- The task whose arguments begin there: id, message, flags and what they ask for, as in enqueue.lua.
local function task_at(i)
    local task, flags = {id = ARGV[i], msg = ARGV[i + 1], key = prefix .. 't:' .. ARGV[i]}, ARGV[i + 2]
    i = i + 3
    local function argument()
        i = i + 1
        return ARGV[i - 1]
    end
    if flags:find('s', 1, true) then task.score, task.at = argument(), argument() end
    if flags:find('g', 1, true) then task.group = argument() end
    if flags:find('u', 1, true) then task.lock, task.ttl = argument(), argument() end
    return task
end

local function put(task)
    local key, id, msg, group = task.key, task.id, task.msg, task.group
    if task.score then
        redis.call('HSET', key, 'msg', msg, 'state', 'scheduled', 'weir_at', task.at)
        redis.call('ZADD', scheduled, task.score, id)
    elseif group then
        redis.call('HSET', key, 'msg', msg, 'state', 'aggregating', 'weir_at', now_ms)
        redis.call('ZADD', prefix .. 'g:' .. group,
            string.format('%.0f', math.floor(tonumber(now_ms) / 1000)), id)
        redis.call('SADD', groups, group)
    else
        redis.call('HSET', key, 'msg', msg, 'state', 'pending', 'pending_since', now_ms .. '000000')
        redis.call('LPUSH', pending, id)
    end
    if group then redis.call('HSET', key, 'group', group) end
    if task.lock then
        redis.call('HSET', key, 'unique_key', task.lock)
        redis.call('SET', task.lock, id, 'PX', task.ttl)
    end
end
