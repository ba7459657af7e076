-- SPDX-License-Identifier: MIT
--
-- Enqueues the task of one tick, if the entry's last tick is the one expected, and makes it the last one. All is
-- read before anything is written.
--
-- The history is in another slot. So the event of the last task is kept beside the last tick, until the next task
-- takes its place: who enqueues that one is told of it, and writes both into the history.
--
-- KEYS: prefix, lane, pending, scheduled, groups, ticks
-- ARGV: number of the request, now in ms, entry, the last tick expected, the tick, its event, the task (id,
--       message, flags and what they ask for, as in enqueue.lua)
-- Returns a letter: o (put), c (the id exists), d (the lock is held), s (another last tick); then the entry's last
-- tick before this, and behind a blank the event kept with it.
local prefix, lane, pending, scheduled, groups, ticks = unpack(KEYS)
local number, now_ms, entry, expected, tick, event, id, msg, flags = unpack(ARGV)

local marker = redis.call('GET', lane)
if marker then
    local served, result = marker:match('^(%d+) (.*)$')
    if served == number then return result end
    if tonumber(served) > tonumber(number) then return redis.error_reply('STALE request') end
end

local i = 10
local function argument()
    i = i + 1
    return ARGV[i - 1]
end
local score, at, group, lock, ttl
if flags:find('s', 1, true) then score, at = argument(), argument() end
if flags:find('g', 1, true) then group = argument() end
if flags:find('u', 1, true) then lock, ttl = argument(), argument() end

local kept = redis.call('HGET', ticks, entry)
local last, before = (kept or '0 '):match('^(-?%d+) ?(.*)$')
last = last or '0'
local key = prefix .. 't:' .. id
local letter = 'o'
if last ~= expected then
    letter = 's'
elseif redis.call('EXISTS', key) == 1 then
    letter = 'c'
elseif lock and redis.call('EXISTS', lock) == 1 then
    letter = 'd'
end

if letter == 'o' then
    if score then
        redis.call('HSET', key, 'msg', msg, 'state', 'scheduled', 'weir_at', at)
        redis.call('ZADD', scheduled, score, id)
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
    if lock then
        redis.call('HSET', key, 'unique_key', lock)
        redis.call('SET', lock, id, 'PX', ttl)
    end
end
if letter ~= 's' then
    redis.call('HSET', ticks, entry, tick .. ' ' .. (letter == 'o' and event or before or ''))
end
local result = letter .. last .. ' ' .. (before or '')
redis.call('SET', lane, number .. ' ' .. result, 'EX', 7200)
return result
