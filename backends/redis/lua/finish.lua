-- SPDX-License-Identifier: MIT
--
-- Ends attempts of one queue's tasks and starts others, each under its token; the token 0 is never right. All is
-- checked first; the first write needs no memory, so that a full server still lets tasks start and finish.
--
-- KEYS: prefix, lane, pending, active, lease, retry, archived, completed, processed, failed,
--       processed of the day, failed of the day, cancel
-- ARGV: number of the request ("" when it needs no memory), now in ms, then runs of tasks: token, kind, how many,
--       and for each its id and what the kind needs:
--         s             started, of those that were taken ahead; twice is the same as once
--         d             done
--         l lock        done, and the lock released if it is the task's
--         c score at message lock result|-   completed until
--         r score at message   retry;  f score at message   retry after a failure
--         a message     archived;  k score at message   archived for a time of its own, until then
--         q             back to the head
-- Returns one letter for each task: o (done), s (the token is not the present one).
local prefix, lane, pending, active, lease, retry, archived, completed, processed, failed,
    processed_day, failed_day, cancel = unpack(KEYS)
local number, now_ms = ARGV[1], ARGV[2]
local call, tasks = redis.call, prefix .. 't:'
local widths = {s = 1, d = 1, l = 2, c = 6, r = 4, f = 4, a = 2, k = 4, q = 1}

local marker = number ~= '' and call('GET', lane)
if marker then
    local last, results = marker:match('^(%d+) (.*)$')
    if last == number then return results end
    if tonumber(last) > tonumber(number) then return redis.error_reply('STALE request') end
end

-- Of each run: token, kind, where its first task is, where its last one ends, and the width of one.
local runs, total, i, argc = {}, 0, 3, #ARGV
while i <= argc do
    local width, count = widths[ARGV[i + 1]], tonumber(ARGV[i + 2])
    runs[#runs + 1] = {tonumber(ARGV[i]), ARGV[i + 1], i + 3, i + 2 + count * width, width}
    total = total + count
    i = i + 3 + count * width
end

-- What is known of leases: the score of an id (false: none, ENDED: it ends here), how many have a score in all,
-- and the token in it.
local score_of, sharing, token_of, ENDED = {}, {}, {}, 0

-- Tasks that were taken together mostly share one score, and are then found by it with one command.
local function look_by_score(ids)
    local score = call('ZSCORE', lease, ids[1])
    if not score or sharing[score] then return ids end
    local most, rest = 2 * #ids, {}
    local found = call('ZRANGEBYSCORE', lease, score, score, 'LIMIT', '0', most + 1)
    if #found <= most then sharing[score] = #found end
    for k = 1, #found do score_of[found[k]] = score end
    for k = 1, #ids do
        if not score_of[ids[k]] then rest[#rest + 1] = ids[k] end
    end
    return rest
end

local function look(run)
    local ids = {}
    for a = run[3], run[4], run[5] do
        if score_of[ARGV[a]] == nil then ids[#ids + 1] = ARGV[a] end
    end
    if #ids >= 8 then ids = look_by_score(ids) end
    if #ids == 0 then return end
    local scores = call('ZMSCORE', lease, unpack(ids))
    for k = 1, #ids do score_of[ids[k]] = scores[k] end
end

local function holds(score, token)
    if not score or score == ENDED then return false end
    local found = token_of[score]
    if not found then
        found = math.floor(tonumber(score) % 1 * 1048576)
        token_of[score] = found
    end
    return token > 0 and found == token
end

-- One task can be started again and again, but ends once.
local good, bad, held, leaving, starts = {}, 0, {}, {}, {}
for _, run in ipairs(runs) do look(run) end
for _, run in ipairs(runs) do
    local token, start = run[1], run[2] == 's'
    for a = run[3], run[4], run[5] do
        local id = ARGV[a]
        local score = score_of[id]
        if not holds(score, token) then
            bad = bad + 1
        elseif start then
            good[a] = true
            starts[#starts + 1] = id
        else
            good[a] = true
            held[#held + 1] = id
            leaving[score] = (leaving[score] or 0) + 1
            score_of[id] = ENDED
        end
    end
end

local function leave_leases()
    for score, count in pairs(leaving) do
        if sharing[score] ~= count then return call('ZREM', lease, unpack(held)) end
    end
    for score in pairs(leaving) do call('ZREMRANGEBYSCORE', lease, score, score) end
end

-- Mostly the tasks that end are the oldest active ones, in some order: then one cut is enough.
local function leave_active()
    local count = #held
    local tail = call('LRANGE', active, -count, '-1')
    local same = #tail == count
    for k = 1, #tail do same = same and score_of[tail[k]] == ENDED end
    leave_leases()
    if same then
        call('LTRIM', active, '0', -count - 1)
    else
        for k = 1, count do call('LREM', active, -1, held[k]) end
    end
    if call('EXISTS', cancel) == 1 then call('HDEL', cancel, unpack(held)) end
end

-- include restamp.lua

-- Half of a token's last place says that the task never started. True when that was so of one.
local function start()
    local entries, new = {}, {}
    for _, id in ipairs(starts) do
        local score = score_of[id]
        if score ~= ENDED and new[score] == nil then
            local value = tonumber(score)
            new[score] = value * 1048576 % 1 > 0 and string.format('%.17g', value - 0.5 / 1048576)
        end
        if new[score] then
            entries[#entries + 1] = new[score]
            entries[#entries + 1] = id
        end
    end
    if #entries == 0 then return false end
    restamp(lease, unpack(entries))
    return true
end

local function release(lock, id)
    if lock ~= '' and call('GET', lock) == id then call('DEL', lock) end
end

-- Totals begin again at the largest number that Redis can hold.
local function count(total, day, by)
    if by == 0 then return end
    local sum = redis.pcall('INCRBY', total, by)
    if type(sum) == 'table' then call('SET', total, by) end
    if call('INCRBY', day, by) == by then call('EXPIRE', day, '7776000') end
end

local gone, back, ended, failures = {}, {}, 0, 0

-- What a kind makes of a task, given its hash, its id and where what the kind needs begins.
local finish = {
    d = function(key)
        gone[#gone + 1] = key
        ended = ended + 1
    end,
    c = function(key, id, a)
        call('ZADD', completed, ARGV[a], id)
        call('HSET', key, 'msg', ARGV[a + 2], 'state', 'completed', 'weir_at', ARGV[a + 1])
        if ARGV[a + 4] ~= '-' then call('HSET', key, 'result', ARGV[a + 4]:sub(2)) end
        release(ARGV[a + 3], id)
        ended = ended + 1
    end,
    r = function(key, id, a)
        call('ZADD', retry, ARGV[a], id)
        call('HSET', key, 'msg', ARGV[a + 2], 'state', 'retry', 'weir_at', ARGV[a + 1])
    end,
    a = function(key, id, a)
        call('ZADD', archived, string.format('%.0f', math.floor(now_ms / 1000)), id)
        call('HSET', key, 'msg', ARGV[a], 'state', 'archived', 'weir_at', now_ms)
        ended, failures = ended + 1, failures + 1
    end,
    k = function(key, id, a)
        call('ZADD', archived, ARGV[a], id)
        call('HSET', key, 'msg', ARGV[a + 2], 'state', 'archived', 'weir_at', ARGV[a + 1])
        ended, failures = ended + 1, failures + 1
    end,
    q = function(key, id)
        call('HSET', key, 'state', 'pending', 'pending_since', now_ms .. '000000')
        back[#back + 1] = id
    end,
    l = false, f = false,
}
finish.l = function(key, id, a)
    finish.d(key)
    release(ARGV[a], id)
end
finish.f = function(key, id, a)
    finish.r(key, id, a)
    ended, failures = ended + 1, failures + 1
end

local function finish_all()
    leave_active()
    for _, run in ipairs(runs) do
        local act = finish[run[2]]
        for a = run[3], run[4], run[5] do
            if act and good[a] then act(tasks .. ARGV[a], ARGV[a], a + 1) end
        end
    end
    if #gone > 0 then call('DEL', unpack(gone)) end
    for k = #back, 1, -1 do call('RPUSH', pending, back[k]) end
    count(processed, processed_day, ended)
    count(failed, failed_day, failures)
end

local function letters()
    if bad == 0 then return ('o'):rep(total) end
    local out = {}
    for _, run in ipairs(runs) do
        for a = run[3], run[4], run[5] do out[#out + 1] = good[a] and 'o' or 's' end
    end
    return table.concat(out)
end

-- A call that changed nothing is not remembered: it would change nothing when repeated, and a full server would refuse it.
local changed = #held > 0
if changed then finish_all() end
if #starts > 0 then changed = start() or changed end
local all = letters()
if changed and number ~= '' then call('SET', lane, number .. ' ' .. all, 'EX', '7200') end
return all
