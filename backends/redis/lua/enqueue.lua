-- SPDX-License-Identifier: MIT
--
-- Puts tasks into one queue, in the order given. All is read before anything is written.
--
-- KEYS: prefix, lane, pending, scheduled, groups
-- ARGV: number of the request, now in ms, then for each task: id, message, flags, and for each letter
--       of flags, in this order: "s" score and due time in ms; "g" group; "u" lock and its ms.
-- Returns one letter for each task: o (put), c (the id exists), d (the lock is held).
local prefix, lane, pending, scheduled, groups = unpack(KEYS)
local number, now_ms = ARGV[1], ARGV[2]

local marker = redis.call('GET', lane)
if marker then
    local last, results = marker:match('^(%d+) (.*)$')
    if last == number then return results end
    if tonumber(last) > tonumber(number) then return redis.error_reply('STALE request') end
end

local items, keys = {}, {}
local i, n, argc = 3, 0, #ARGV
while i <= argc do
    local key, flags = prefix .. 't:' .. ARGV[i], ARGV[i + 2]
    local item = {id = ARGV[i], msg = ARGV[i + 1], key = key}
    n = n + 1
    items[n], keys[n] = item, key
    i = i + 3
    if flags ~= '' then
        if flags:find('s', 1, true) then
            item.score, item.at = ARGV[i], ARGV[i + 1]
            i = i + 2
        end
        if flags:find('g', 1, true) then
            item.group = ARGV[i]
            i = i + 1
        end
        if flags:find('u', 1, true) then
            item.lock, item.ttl = ARGV[i], ARGV[i + 1]
            i = i + 2
        end
    end
end

-- Nearly always no id is there: one command tells.
local none = redis.call('EXISTS', unpack(keys)) == 0
local results, seen = {}, {}
for k = 1, n do
    local item = items[k]
    if seen[item.key] or not (none or redis.call('EXISTS', item.key) == 0) then
        results[k] = 'c'
    elseif item.lock and (seen[item.lock] or redis.call('EXISTS', item.lock) == 1) then
        results[k] = 'd'
    else
        results[k] = 'o'
        seen[item.key] = true
        if item.lock then seen[item.lock] = true end
    end
end

local since, now_s = now_ms .. '000000', string.format('%.0f', math.floor(tonumber(now_ms) / 1000))
local ids = {}
for k = 1, n do
    local item = items[k]
    if results[k] == 'o' then
        if item.score then
            redis.call('HSET', item.key, 'msg', item.msg, 'state', 'scheduled', 'weir_at', item.at)
            redis.call('ZADD', scheduled, item.score, item.id)
            if item.group then redis.call('HSET', item.key, 'group', item.group) end
        elseif item.group then
            redis.call('HSET', item.key, 'msg', item.msg, 'state', 'aggregating', 'group',
                item.group, 'weir_at', now_ms)
            redis.call('ZADD', prefix .. 'g:' .. item.group, now_s, item.id)
            redis.call('SADD', groups, item.group)
        else
            redis.call('HSET', item.key, 'msg', item.msg, 'state', 'pending', 'pending_since', since)
            ids[#ids + 1] = item.id
        end
        if item.lock then
            redis.call('HSET', item.key, 'unique_key', item.lock)
            redis.call('SET', item.lock, item.id, 'PX', item.ttl)
        end
    end
end
if #ids > 0 then redis.call('LPUSH', pending, unpack(ids)) end
local all = table.concat(results)
redis.call('SET', lane, number .. ' ' .. all, 'EX', 7200)
return all
