-- SPDX-License-Identifier: MIT
--
-- Ends attempts of one queue's tasks, each under its token. All is checked first; the first write
-- frees memory, so that a full server still lets tasks finish.
--
-- KEYS: prefix, lane, pending, active, lease, retry, archived, completed, processed, failed,
--       processed of the day, failed of the day, never started, cancel
-- ARGV: number of the request, now in ms, then for each task: id, token, kind and what the kind needs:
--         d             done
--         l lock        done, and the lock released if it is the task's
--         c score at message lock result|-   completed until
--         r score at message   retry;  f score at message   retry after a failure
--         a message     archived
--         q             back to the head;  n   the same, it never started
-- Returns one letter for each task: o (done), s (the token is not the present one).
local prefix, lane, pending, active, lease, retry, archived, completed, processed, failed,
    processed_day, failed_day, ns, cancel = unpack(KEYS)
local number, now_ms = ARGV[1], ARGV[2]
local extras = {d = 0, l = 1, c = 5, r = 3, f = 3, a = 1, q = 0, n = 0}

local marker = redis.call('GET', lane)
if marker then
    local last, results = marker:match('^(%d+) (.*)$')
    if last == number then return results end
    if tonumber(last) > tonumber(number) then return redis.error_reply('STALE request') end
end

local at, asked, n, i, argc = {}, {}, 0, 3, #ARGV
while i <= argc do
    n = n + 1
    at[n], asked[n] = i, ARGV[i]
    i = i + 3 + extras[ARGV[i + 2]]
end
local scores = redis.call('ZMSCORE', lease, unpack(asked))
local results, held, seen = {}, {}, {}
for k = 1, n do
    local id, score = asked[k], scores[k]
    if score and not seen[id] and tonumber(score) % 1 == tonumber(ARGV[at[k] + 1]) / 1048576 then
        results[k] = 'o'
        held[#held + 1] = id
        seen[id] = true
    else
        results[k] = 's'
    end
end

-- Mostly the tasks that end are the oldest active ones, in some order: then one cut is enough.
local function leave_active()
    local count = #held
    local tail = redis.call('LRANGE', active, -count, -1)
    local same = #tail == count
    for k = 1, #tail do same = same and seen[tail[k]] end
    redis.call('ZREM', lease, unpack(held))
    if same then
        redis.call('LTRIM', active, 0, -count - 1)
    else
        for k = 1, count do redis.call('LREM', active, -1, held[k]) end
    end
    if redis.call('EXISTS', cancel) == 1 then redis.call('HDEL', cancel, unpack(held)) end
end

local function release(lock, id)
    if lock ~= '' and redis.call('GET', lock) == id then redis.call('DEL', lock) end
end

-- Totals begin again at the largest number that Redis can hold.
local function count(total, day, by)
    if by == 0 then return end
    local sum = redis.pcall('INCRBY', total, by)
    if type(sum) == 'table' then redis.call('SET', total, by) end
    if redis.call('INCRBY', day, by) == by then redis.call('EXPIRE', day, 7776000) end
end

local gone, back = {}, {}
local ended, failures = 0, 0
local now_s = string.format('%.0f', math.floor(tonumber(now_ms) / 1000))
local finish = {}
function finish.d(key) gone[#gone + 1] = key; ended = ended + 1 end
function finish.l(key, id, a) finish.d(key); release(ARGV[a], id) end
function finish.c(key, id, a)
    redis.call('ZADD', completed, ARGV[a], id)
    redis.call('HSET', key, 'msg', ARGV[a + 2], 'state', 'completed', 'weir_at', ARGV[a + 1])
    if ARGV[a + 4] ~= '-' then redis.call('HSET', key, 'result', ARGV[a + 4]:sub(2)) end
    release(ARGV[a + 3], id)
    ended = ended + 1
end
function finish.r(key, id, a)
    redis.call('ZADD', retry, ARGV[a], id)
    redis.call('HSET', key, 'msg', ARGV[a + 2], 'state', 'retry', 'weir_at', ARGV[a + 1])
end
function finish.f(key, id, a)
    finish.r(key, id, a)
    ended, failures = ended + 1, failures + 1
end
function finish.a(key, id, a)
    redis.call('ZADD', archived, now_s, id)
    redis.call('HSET', key, 'msg', ARGV[a], 'state', 'archived', 'weir_at', now_ms)
    ended, failures = ended + 1, failures + 1
end
function finish.q(key, id)
    redis.call('HSET', key, 'state', 'pending', 'pending_since', now_ms .. '000000')
    back[#back + 1] = id
end
function finish.n(key, id, a)
    redis.call('SREM', ns, id .. ':' .. ARGV[a - 2])
    finish.q(key, id)
end

if #held > 0 then
    leave_active()
    for k = 1, n do
        local a = at[k]
        if results[k] == 'o' then
            finish[ARGV[a + 2]](prefix .. 't:' .. ARGV[a], ARGV[a], a + 3)
        end
    end
    if #gone > 0 then redis.call('DEL', unpack(gone)) end
    for k = #back, 1, -1 do redis.call('RPUSH', pending, back[k]) end
    count(processed, processed_day, ended)
    count(failed, failed_day, failures)
end
local all = table.concat(results)
redis.call('SET', lane, number .. ' ' .. all, 'EX', 7200)
return all
