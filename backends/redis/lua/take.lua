-- SPDX-License-Identifier: MIT
--
-- Takes the oldest pending tasks of one queue under one lease and token. Ids without a task are dropped.
-- A resend gives those of its tasks whose token still holds, and never others.
--
-- KEYS: prefix, lane, pending, active, lease, paused, never started
-- ARGV: number of the request, "take" or "repeat" (only what was taken before), want, token,
--       how many of them start at once, lease in ms
-- Returns {left, 1 for a resend, token, how many started, id, message, id, message ...}
local prefix, lane, pending, active, lease, paused, ns = unpack(KEYS)
local number, want, token = ARGV[1], tonumber(ARGV[3]), ARGV[4]
local start, lease_ms = tonumber(ARGV[5]), tonumber(ARGV[6])

-- The score is when the lease ends, in whole seconds, and the token as its fraction.
local function score_of(fraction)
    local now = redis.call('TIME')
    local ends = math.ceil((tonumber(now[1]) * 1000 + tonumber(now[2]) / 1000 + lease_ms) / 1000)
    return string.format('%.17g', ends + fraction / 1048576)
end

local function again(marker)
    local parts = {}
    for part in marker:gmatch('[^%z]+') do parts[#parts + 1] = part end
    local fraction, started = tonumber(parts[2]), tonumber(parts[3])
    local out = {redis.call('LLEN', pending), 1, parts[2], 0}
    local score = score_of(fraction)
    for i = 4, #parts do
        local id = parts[i]
        local held = redis.call('ZSCORE', lease, id)
        local msg = redis.call('HGET', prefix .. 't:' .. id, 'msg')
        if msg and held and tonumber(held) % 1 == fraction / 1048576 then
            redis.call('ZADD', lease, 'XX', score, id)
            if i - 3 <= started then out[4] = out[4] + 1 end
            out[#out + 1] = id
            out[#out + 1] = msg
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
if ARGV[2] == 'repeat' or want == 0 or redis.call('EXISTS', paused) == 1 then
    local left = redis.call('EXISTS', paused) == 1 and 0 or redis.call('LLEN', pending)
    return {left, 0, token, 0}
end

-- The next n ids and their messages, oldest last. SORT reads many hashes in one command, where the server
-- lets us and the prefix has no star of its own.
local function peek(len, n)
    if not prefix:find('[*>]') then
        local rows = redis.pcall('SORT', pending, 'BY', 'nosort', 'LIMIT', len - n, n, 'GET', '#',
            'GET', prefix .. 't:*->msg')
        if not rows.err then return rows end
    end
    local rows = {}
    for _, id in ipairs(redis.call('LRANGE', pending, -n, -1)) do
        local msg = redis.pcall('HGET', prefix .. 't:' .. id, 'msg')
        rows[#rows + 1] = id
        rows[#rows + 1] = type(msg) == 'string' and msg
    end
    return rows
end

-- Which of the ids are ours alone: one that is in the list twice, or runs, must not run again. What has
-- a lease without being active is damaged, and taken.
local function without_held(ids, score)
    local mine, seen = {}, {}
    for _, id in ipairs(ids) do
        local held = redis.call('ZSCORE', lease, id)
        if held == score and not seen[id] then
            mine[#mine + 1] = id
        elseif not seen[id] and redis.call('HGET', prefix .. 't:' .. id, 'state') ~= 'active' then
            redis.call('ZADD', lease, 'XX', score, id)
            mine[#mine + 1] = id
        end
        seen[id] = true
    end
    return mine
end

local out, ids, msgs, dropped = {0, 0, token, 0}, {}, {}, 0
local len = redis.call('LLEN', pending)
local score = score_of(tonumber(token))
while len > 0 and #ids < want and dropped < 1000 do
    local n = math.min(want - #ids, len)
    local rows = peek(len, n)
    local taken, entries = {}, {}
    redis.call('RPOP', pending, n)
    for i = #rows - 1, 1, -2 do
        if rows[i + 1] then
            taken[#taken + 1] = rows[i]
            msgs[rows[i]] = rows[i + 1]
        else
            redis.call('DEL', prefix .. 't:' .. rows[i])
            dropped = dropped + 1
        end
    end
    -- The newest first: a small set is a list, and ids that sort by age are then found at its head.
    for i = #taken, 1, -1 do
        entries[#entries + 1] = score
        entries[#entries + 1] = taken[i]
    end
    if #taken > 0 and redis.call('ZADD', lease, 'NX', unpack(entries)) < #taken then
        local mine = without_held(taken, score)
        dropped = dropped + #taken - #mine
        taken = mine
    end
    if #taken > 0 then redis.call('LPUSH', active, unpack(taken)) end
    for i = 1, #taken do ids[#ids + 1] = taken[i] end
    len = len - n
end
for i = 1, #ids do
    local key = prefix .. 't:' .. ids[i]
    redis.call('HSET', key, 'state', 'active')
    redis.call('HDEL', key, 'pending_since')
    if i > start then redis.call('SADD', ns, ids[i] .. ':' .. token) end
    out[#out + 1] = ids[i]
    out[#out + 1] = msgs[ids[i]]
end
out[1] = len
if #ids > 0 then
    out[4] = math.min(start, #ids)
    redis.call('SET', lane, number .. '\0' .. token .. '\0' .. out[4] .. '\0' ..
        table.concat(ids, '\0'), 'EX', 7200)
end
return out
