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

-- extra[k] is there only for tasks that are more than pending.
local ids, msgs, keys, extra = {}, {}, {}, {}
local i, n, argc = 3, 0, #ARGV
while i <= argc do
    n = n + 1
    ids[n], msgs[n], keys[n] = ARGV[i], ARGV[i + 1], prefix .. 't:' .. ARGV[i]
    local flags = ARGV[i + 2]
    i = i + 3
    if flags ~= '' then
        local item = {}
        extra[n] = item
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
    local key, lock = keys[k], extra[k] and extra[k].lock
    if seen[key] or not (none or redis.call('EXISTS', key) == 0) then
        results[k] = 'c'
    elseif lock and (seen[lock] or redis.call('EXISTS', lock) == 1) then
        results[k] = 'd'
    else
        results[k] = 'o'
        seen[key] = true
        if lock then seen[lock] = true end
    end
end

local since, now_s = now_ms .. '000000', string.format('%.0f', math.floor(tonumber(now_ms) / 1000))
local new = {}

local function put_special(k, item)
    local key, id = keys[k], ids[k]
    if item.score then
        redis.call('HSET', key, 'msg', msgs[k], 'state', 'scheduled', 'weir_at', item.at)
        redis.call('ZADD', scheduled, item.score, id)
        if item.group then redis.call('HSET', key, 'group', item.group) end
    elseif item.group then
        redis.call('HSET', key, 'msg', msgs[k], 'state', 'aggregating', 'group', item.group,
            'weir_at', now_ms)
        redis.call('ZADD', prefix .. 'g:' .. item.group, now_s, id)
        redis.call('SADD', groups, item.group)
    else
        redis.call('HSET', key, 'msg', msgs[k], 'state', 'pending', 'pending_since', since)
        new[#new + 1] = id
    end
    if item.lock then
        redis.call('HSET', key, 'unique_key', item.lock)
        redis.call('SET', item.lock, id, 'PX', item.ttl)
    end
end

for k = 1, n do
    if results[k] == 'o' and extra[k] then
        put_special(k, extra[k])
    elseif results[k] == 'o' then
        redis.call('HSET', keys[k], 'msg', msgs[k], 'state', 'pending', 'pending_since', since)
        new[#new + 1] = ids[k]
    end
end
if #new > 0 then redis.call('LPUSH', pending, unpack(new)) end
local all = table.concat(results)
redis.call('SET', lane, number .. ' ' .. all, 'EX', 7200)
return all
