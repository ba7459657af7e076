-- SPDX-License-Identifier: MIT
--
-- Re-claims active tasks whose lease has ended, under a new token, and puts right what the lists of active
-- tasks and leases disagree about. A score with a fraction is a lease of ours and ends at its whole
-- part; a whole number is a Go server's, which may be late: it counts as dead 30 s after its end.
-- Active ids without a lease get such an ended one.
--
-- KEYS: prefix, lane, active, lease, cancel
-- ARGV: number of the request, max, token, lease in ms, where to begin looking for ids without lease
-- Returns {repaired, token, id, message, 1 if it was started, ...}
local prefix, lane, active, lease, cancel = unpack(KEYS)
local number, max, token = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local now = tonumber(time[1])
local ends = math.ceil((now * 1000 + tonumber(time[2]) / 1000 + tonumber(ARGV[4])) / 1000)
local WINDOW = 1000

-- The fraction of a score is the token, and half of its last place that the task never started.
local function score_of(fraction, started)
    return string.format('%.17g', ends + (tonumber(fraction) + (started and 0 or 0.5)) / 1048576)
end

-- include restamp.lua

local function again(marker)
    local parts = {}
    for part in marker:gmatch('[^%z]+') do parts[#parts + 1] = part end
    local out = {0, parts[2]}
    for i = 3, #parts, 2 do
        local held = redis.call('ZSCORE', lease, parts[i])
        local msg = redis.call('HGET', prefix .. 't:' .. parts[i], 'msg')
        if msg and held and math.floor(tonumber(held) % 1 * 1048576) == tonumber(parts[2]) then
            restamp(lease, string.format('%.17g', ends + tonumber(held) % 1), parts[i])
            out[#out + 1] = parts[i]
            out[#out + 1] = msg
            out[#out + 1] = tonumber(parts[i + 1])
        end
    end
    return out
end

local marker = redis.call('GET', lane)
if marker then
    local last = marker:match('^%d+')
    if last == number then return again(marker) end
    if tonumber(last) > tonumber(number) then return redis.error_reply('STALE request') end
end

-- Dead leases, oldest first. Go's leases that must still rest are passed over, a bounded number.
local dead, offset = {}, 0
while #dead < max and offset < 1000 do
    local rows = redis.call('ZRANGEBYSCORE', lease, '-inf', '(' .. now + 1, 'WITHSCORES', 'LIMIT',
        offset, 100)
    for i = 1, #rows, 2 do
        local value = tonumber(rows[i + 1])
        if #dead < max and (value % 1 > 0 or value <= now - 30) then
            dead[#dead + 1] = {id = rows[i], started = value % 1 * 1048576 % 1 == 0}
        end
    end
    if #rows < 200 then break end
    offset = offset + 100
end

local in_active = {}
if #dead > 0 then
    for _, id in ipairs(redis.call('LRANGE', active, 0, -1)) do in_active[id] = true end
end
for _, item in ipairs(dead) do
    local facts = redis.pcall('HMGET', prefix .. 't:' .. item.id, 'state', 'msg')
    item.state, item.msg = facts[1], facts[2]
    if facts.err then item.state, item.msg = nil, nil end
end

-- More active ids than leases: some have none. They are looked for in a window that moves on.
local bare, len = {}, redis.call('LLEN', active)
if len > redis.call('ZCARD', lease) then
    local first = tonumber(ARGV[5]) % len
    local ids = redis.call('LRANGE', active, first, first + WINDOW - 1)
    local scores = redis.call('ZMSCORE', lease, unpack(ids))
    for i, id in ipairs(ids) do
        if not scores[i] and #bare < max then
            local facts = redis.pcall('HMGET', prefix .. 't:' .. id, 'state', 'msg')
            bare[#bare + 1] = {id = id, task = not facts.err and facts[2], state = facts[1]}
        end
    end
end

local out, names, repaired = {0, token}, {}, 0
for _, item in ipairs(dead) do
    if item.msg and item.state == 'active' then
        restamp(lease, score_of(token, item.started), item.id)
        if not in_active[item.id] then
            redis.call('LPUSH', active, item.id)
            repaired = repaired + 1
        end
        local flag = item.started and 1 or 0
        out[#out + 1] = item.id
        out[#out + 1] = item.msg
        out[#out + 1] = flag
        names[#names + 1] = item.id
        names[#names + 1] = flag
    else
        redis.call('ZREM', lease, item.id)
        redis.call('LREM', active, 0, item.id)
        if not item.msg then redis.call('DEL', prefix .. 't:' .. item.id) end
        repaired = repaired + 1
    end
    redis.call('HDEL', cancel, item.id)
end
-- A full server lets the ZADD through behind a write that needs no memory: no task has the id "".
if #bare > 0 then redis.call('ZREM', lease, '') end
for _, item in ipairs(bare) do
    if item.task and item.state == 'active' then
        redis.call('ZADD', lease, now, item.id)
    else
        redis.call('LREM', active, 0, item.id)
        if not item.task then redis.call('DEL', prefix .. 't:' .. item.id) end
    end
    repaired = repaired + 1
end
if #names > 0 then
    redis.call('SET', lane, number .. '\0' .. token .. '\0' .. table.concat(names, '\0'), 'EX', 7200)
end
out[1] = repaired
return out
