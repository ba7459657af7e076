-- SPDX-License-Identifier: MIT
--
-- Tells of groups, or stages the oldest tasks of one as a set, if the policy says so. A score is the second in which a
-- task joined; the exact ms are in weir_at, which counts only while it rounds to the score. What asynq's clients put in
-- has no ms: it counts as joined at the beginning of its second when the oldest is asked for, at the end when the newest is.
--
-- The set is where asynq has it, in the order of joining: g:<group>:<set>, named in the aggregation sets with the second at
-- which its time is over, rounded up. A fraction of that score, from the set's name, finds it again among the others.
-- Entries whose task is gone or elsewhere are dropped.
--
-- KEYS: prefix, lane, groups, aggregation sets
-- ARGV: "look", groups
--       or "stage", number of the request, now in ms, group, set, end of its time in s, the most that a set takes, and the
--       policy: size (0: none), delay in ms (0: none), grace in ms
-- Returns to "look" for each group with tasks {name, size, when the oldest joined in ms, the newest, id of the oldest,
--         its message}
--         to "stage" {score/set or "" for none, the set's key, id, message, when it joined in ms, ...}; to a resend what
--         of it is still staged
local prefix, lane, groups, sets = unpack(KEYS)
local EDGE = 8 -- tasks at both ends of a group that are looked at
local SECOND = 1200 -- tasks of one second that are looked at for the exact time
local SPARE = 200 -- the same, when a set takes only some of them

local function ms(value) return string.format('%.0f', value) end

local function by_time(a, b)
    if a.at ~= b.at then return a.at < b.at end
    return a.rank < b.rank
end

-- Tasks of ids and scores, sorted by time, with these fields; and what is wrong among them.
local function read(rows, ...)
    local tasks, wrong = {}, {}
    for i = 1, #rows, 2 do
        local facts = redis.pcall('HMGET', prefix .. 't:' .. rows[i], 'state', 'weir_at', ...)
        if facts[1] == 'aggregating' then
            local score, at = tonumber(rows[i + 1]), tonumber(facts[2])
            local exact = at and math.floor(at / 1000) == score
            tasks[#tasks + 1] = {id = rows[i], score = rows[i + 1], rank = i, exact = exact,
                at = exact and at or score * 1000, msg = facts[3], lock = facts[4]}
        else
            wrong[#wrong + 1] = {id = rows[i], gone = not facts[1]}
        end
    end
    table.sort(tasks, by_time)
    return tasks, wrong
end

-- asynq's clients write the name of a task's lock beside the message, but not for tasks of groups: there it is in the
-- message only, behind its tag and length. The lock itself tells whether it is one, for it holds the id.
local function lock_in(msg, id)
    local head = prefix .. 'unique:'
    local at = msg:find(head, 1, true)
    while at and at > 3 do
        local tag, low, high = msg:byte(at - 3, at - 1)
        local len = low == 82 and high or tag == 82 and low and low - 128 + high * 128 or 0
        local name = msg:sub(at, at + len - 1)
        if redis.pcall('GET', name) == id then return name end
        at = msg:find(head, at + 1, true)
    end
end

-- Tasks with their messages, at most so many, and with locks that are only there; those without a message are wrong as well.
local function read_whole(rows, most)
    local tasks, wrong = read(rows, 'msg', 'unique_key')
    local whole = {}
    for i = 1, math.min(#tasks, most) do
        local task = tasks[i]
        if task.msg then
            task.lock = not task.lock and lock_in(task.msg, task.id)
            whole[#whole + 1] = task
        else
            wrong[#wrong + 1] = {id = task.id, gone = true}
        end
    end
    return whole, wrong
end

-- The tasks at one end of a group. Is that one second, then as many of it as may be; few are enough when all that is asked
-- is whether they joined by `limit`, which is not in that second.
local function edge(command, key, limit)
    local rows = redis.call(command, key, 0, EDGE - 1, 'WITHSCORES')
    local score = rows[2]
    local begins = #rows == 2 * EDGE and rows[2 * EDGE] == score and tonumber(score) * 1000
    if begins and (not limit or limit >= begins and limit < begins + 999) then
        rows = redis.call('ZRANGEBYSCORE', key, score, score, 'WITHSCORES', 'LIMIT', 0, SECOND)
    end
    return (read(rows)), #rows == 2 * SECOND and score
end

-- When the oldest and the newest joined, and the oldest tasks; nothing when there are none among the entries looked at.
local function ages(key, delayed, graced)
    local first, crowded_first = edge('ZRANGE', key, delayed)
    local last, crowded_last = edge('ZREVRANGE', key, graced)
    if not first[1] or not last[1] then return nil end
    local newest = 0
    for _, task in ipairs(last) do newest = math.max(newest, task.exact and task.at or task.at + 999) end
    if crowded_last then newest = tonumber(crowded_last) * 1000 + 999 end
    return crowded_first and tonumber(crowded_first) * 1000 or first[1].at, newest, first
end

local function look(name)
    local key = prefix .. 'g:' .. name
    local oldest, newest, first = ages(key)
    for _, task in ipairs(first or {}) do
        local msg = redis.call('HGET', prefix .. 't:' .. task.id, 'msg')
        if msg then return {name, redis.call('ZCARD', key), ms(oldest), ms(newest), task.id, msg} end
    end
end

-- What is staged, in the order of joining.
local function tell(score, set, tasks)
    local out = {score .. '/' .. set:match('[^:]*$'), set}
    for _, task in ipairs(tasks) do
        out[#out + 1] = task.id
        out[#out + 1] = task.msg
        out[#out + 1] = ms(task.at)
    end
    return #tasks > 0 and out or {''}
end

local function is_due(key, policy)
    local size = redis.call('ZCARD', key)
    if policy.size > 0 and size >= policy.most then return true end
    local delayed, graced = policy.now - policy.delay, policy.now - policy.grace
    local oldest, newest = ages(key, delayed, graced)
    return oldest and (policy.delay > 0 and oldest <= delayed or newest <= graced)
end

local function move(key, set, tasks, wrong)
    local leaving, joining = {}, {}
    for _, entry in ipairs(wrong) do
        leaving[#leaving + 1] = entry.id
        if entry.gone then redis.call('DEL', prefix .. 't:' .. entry.id) end
    end
    for _, task in ipairs(tasks) do
        leaving[#leaving + 1] = task.id
        joining[#joining + 1] = task.score
        joining[#joining + 1] = task.id
        if task.lock then redis.call('HSET', prefix .. 't:' .. task.id, 'unique_key', task.lock) end
    end
    if #leaving > 0 then redis.call('ZREM', key, unpack(leaving)) end
    if #joining > 0 then redis.call('ZADD', set, unpack(joining)) end
end

local function stage(number, group, name, ends, policy)
    local marker = redis.call('GET', lane)
    if marker then
        local last, score, set = marker:match('^(%d+) ([%d.]*)/?(.*)$')
        if last == number then
            local staged = redis.call('ZSCORE', sets, set)
            local rows = staged and redis.call('ZRANGE', set, 0, -1, 'WITHSCORES') or {}
            return tell(score, set, (read_whole(rows, #rows)))
        end
        if tonumber(last) > tonumber(number) then return redis.error_reply('STALE request') end
    end

    local key = prefix .. 'g:' .. group
    local set = key .. ':' .. name
    if not is_due(key, policy) or redis.call('EXISTS', set) == 1 then return {''} end
    local rows = redis.call('ZRANGE', key, 0, policy.most + SPARE - 1, 'WITHSCORES')
    local tasks, wrong = read_whole(rows, policy.most)

    move(key, set, tasks, wrong)
    if redis.call('EXISTS', key) == 0 then redis.call('SREM', groups, group) end
    if #tasks == 0 then return {''} end
    local score = string.format('%.17g', tonumber(ends) + tonumber(name:sub(1, 5), 16) / 1048576)
    redis.call('ZADD', sets, score, set)
    redis.call('SET', lane, number .. ' ' .. score .. '/' .. set, 'EX', 7200)
    return tell(score, set, tasks)
end

if ARGV[1] == 'stage' then
    local policy = {now = tonumber(ARGV[3]), most = tonumber(ARGV[7]), size = tonumber(ARGV[8]),
        delay = tonumber(ARGV[9]), grace = tonumber(ARGV[10])}
    return stage(ARGV[2], ARGV[4], ARGV[5], ARGV[6], policy)
end
local out = {}
for i = 2, #ARGV do out[#out + 1] = look(ARGV[i]) or nil end
return out
