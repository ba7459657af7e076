-- SPDX-License-Identifier: MIT
--
-- Puts tasks into one queue, in the order given. All is read before anything is written.
--
-- KEYS: prefix, lane, pending, scheduled, groups
-- ARGV: number of the request, now in ms, then for each task: id, message, flags, and for each letter
--       of flags, in this order: "s" score and due time in ms; "g" group; "u" lock and its ms.
-- Returns one letter for each task: o (put), c (the id exists), d (the lock is held), p (put without this script). What a
-- transaction put (plain.c) is not in the list when that is another program's key: then the script fails here, too.
local prefix, lane, pending, scheduled, groups = unpack(KEYS)
local number, now_ms = ARGV[1], ARGV[2]
local call, tasks = redis.call, prefix .. 't:'

local marker = call('GET', lane)
if marker then
    local last, results = marker:match('^(%d+) (.*)$')
    if last == number then
        if results:find('p', 1, true) then call('LLEN', pending) end
        return results
    end
    if tonumber(last) > tonumber(number) then return redis.error_reply('STALE request') end
end

-- extra[k] is there only for tasks that are more than pending.
local ids, msgs, keys, extra = {}, {}, {}, {}
local i, n, argc = 3, 0, #ARGV
while i <= argc do
    local id, flags = ARGV[i], ARGV[i + 2]
    n = n + 1
    ids[n], msgs[n], keys[n] = id, ARGV[i + 1], tasks .. id
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

-- Nearly always no id is there: one command tells. refused[k] is the letter of what is not put.
local none = call('EXISTS', unpack(keys)) == 0
local refused, seen = {}, {}
for k = 1, n do
    local key, lock = keys[k], extra[k] and extra[k].lock
    if seen[key] or not (none or call('EXISTS', key) == 0) then
        refused[k] = 'c'
    elseif lock and (seen[lock] or call('EXISTS', lock) == 1) then
        refused[k] = 'd'
    else
        seen[key] = true
        if lock then seen[lock] = true end
    end
end

local since = now_ms .. '000000'
local new, count = {}, 0

local function put_special(k, item)
    local key, id = keys[k], ids[k]
    if item.score then
        call('HSET', key, 'msg', msgs[k], 'state', 'scheduled', 'weir_at', item.at)
        call('ZADD', scheduled, item.score, id)
        if item.group then call('HSET', key, 'group', item.group) end
    elseif item.group then
        call('HSET', key, 'msg', msgs[k], 'state', 'aggregating', 'group', item.group, 'weir_at', now_ms)
        call('ZADD', prefix .. 'g:' .. item.group, string.format('%.0f', math.floor(now_ms / 1000)), id)
        call('SADD', groups, item.group)
    else
        call('HSET', key, 'msg', msgs[k], 'state', 'pending', 'pending_since', since, 'unique_key', item.lock)
        count = count + 1
        new[count] = id
    end
    if item.lock then
        if item.score or item.group then call('HSET', key, 'unique_key', item.lock) end
        call('SET', item.lock, id, 'PX', item.ttl)
    end
end

for k = 1, n do
    if not refused[k] and extra[k] then
        put_special(k, extra[k])
    elseif not refused[k] then
        call('HSET', keys[k], 'msg', msgs[k], 'state', 'pending', 'pending_since', since)
        count = count + 1
        new[count] = ids[k]
    end
end
if count > 0 then call('LPUSH', pending, unpack(new)) end

local all = ('o'):rep(n)
if next(refused) then
    for k = 1, n do refused[k] = refused[k] or 'o' end
    all = table.concat(refused)
end
call('SET', lane, number .. ' ' .. all, 'EX', '7200')
return all
