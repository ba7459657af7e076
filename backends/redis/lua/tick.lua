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
local number, now_ms, entry, expected, tick, event = unpack(ARGV)

local marker = redis.call('GET', lane)
if marker then
    local served, result = marker:match('^(%d+) (.*)$')
    if served == number then return result end
    if tonumber(served) > tonumber(number) then return redis.error_reply('STALE request') end
end

-- include put.lua

local task = task_at(7)

local kept = redis.call('HGET', ticks, entry)
local last, before = (kept or '0 '):match('^(-?%d+) ?(.*)$')
last = last or '0'
local letter = 'o'
if last ~= expected then
    letter = 's'
elseif redis.call('EXISTS', task.key) == 1 then
    letter = 'c'
elseif task.lock and redis.call('EXISTS', task.lock) == 1 then
    letter = 'd'
end

if letter == 'o' then
    put(task)
end
if letter ~= 's' then
    redis.call('HSET', ticks, entry, tick .. ' ' .. (letter == 'o' and event or before or ''))
end
local result = letter .. last .. ' ' .. (before or '')
redis.call('SET', lane, number .. ' ' .. result, 'EX', 7200)
return result
