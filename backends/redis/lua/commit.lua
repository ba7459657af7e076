-- SPDX-License-Identifier: MIT
--
-- Enqueues the task that was made of a staged set, and deletes the set with its tasks and their locks. All is read
-- before anything is written; the first write frees memory. A member that is no longer only the set's (a person ran it,
-- with asynq's tools) is left alone.
--
-- KEYS: prefix, lane, pending, scheduled, groups, aggregation sets
-- ARGV: number of the request, now in ms, score/set, the task (id, message, flags and what they ask for, as in
--       enqueue.lua)
-- Returns a letter: o (put), c (the id exists), d (the lock is held), s (the set was put back).
local prefix, lane, pending, scheduled, groups, sets = unpack(KEYS)
local number, now_ms, set_id = unpack(ARGV)

local marker = redis.call('GET', lane)
if marker then
    local served, result = marker:match('^(%d+) (.*)$')
    if served == number then return result end
    if tonumber(served) > tonumber(number) then return redis.error_reply('STALE request') end
end

-- include put.lua

local task = task_at(4)
local key, lock = task.key, task.lock

local function find_set()
    local ends, name = set_id:match('^([%d.]+)/(.+)$')
    local head, tail = prefix .. 'g:', ':' .. (name or '')
    for _, key in ipairs(name and redis.call('ZRANGEBYSCORE', sets, ends, ends) or {}) do
        if key:sub(1, #head) == head and key:sub(-#tail) == tail then return key, key:sub(1, -#tail - 1) end
    end
end

-- The members' hashes and locks, which go.
local hashes, locks, going = {}, {}, {}
local set, home = find_set()
local members = set and redis.call('ZRANGE', set, 0, -1) or {}
local waiting = #members > 0 and redis.call('ZMSCORE', home, unpack(members))
for k, member in ipairs(members) do
    local hash = prefix .. 't:' .. member
    local facts = redis.pcall('HMGET', hash, 'state', 'unique_key', 'group')
    if not waiting[k] and facts[1] == 'aggregating' and prefix .. 'g:' .. (facts[3] or '') == home then
        hashes[#hashes + 1], going[hash] = hash, true
        if facts[2] and facts[2]:sub(1, #prefix) == prefix and redis.pcall('GET', facts[2]) == member then
            locks[#locks + 1], going[facts[2]] = facts[2], true
        end
    end
end

local letter = 'o'
if #hashes == 0 then
    letter = 's'
elseif not going[key] and redis.call('EXISTS', key) == 1 then
    letter = 'c'
elseif lock and not going[lock] and redis.call('EXISTS', lock) == 1 then
    letter = 'd'
end

if letter == 'o' then
    redis.call('DEL', unpack(hashes))
    if #locks > 0 then redis.call('DEL', unpack(locks)) end
    redis.call('DEL', set)
    redis.call('ZREM', sets, set)
    put(task)
end
redis.call('SET', lane, number .. ' ' .. letter, 'EX', 7200)
return letter
