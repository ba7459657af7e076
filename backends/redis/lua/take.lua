-- SPDX-License-Identifier: MIT
--
-- Takes the oldest pending tasks of one queue under one lease and token. Ids without a task are dropped.
-- A resend gives those of its tasks whose token still holds, and never others.
--
-- KEYS: prefix, lane, pending, active, lease, paused
-- ARGV: number of the request, "take" or "repeat" (only what was taken before), want, token,
--       how many of them start at once, how many more may start that are not on their last attempt, lease in ms
-- Returns {id, message, id, message ..., how many started, token, 1 for a resend, left}: the oldest task
-- comes last, and of the tasks the last ones are started.
local prefix, lane, pending, active, lease, paused = unpack(KEYS)
local number, want, token = ARGV[1], tonumber(ARGV[3]), ARGV[4]
local start, soon, lease_ms = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local call, tasks = redis.call, prefix .. 't:'
local byte, find = string.byte, string.find

-- The score is when the lease ends, in whole seconds; its fraction is the token, and half of the token's
-- last place that the task has not started.
local function lease_end()
    local now = call('TIME')
    return math.ceil((now[1] * 1000 + now[2] / 1000 + lease_ms) / 1000)
end

local function scores_of(fraction)
    local score = lease_end() + fraction / 1048576
    return string.format('%.17g', score), string.format('%.17g', score + 0.5 / 1048576)
end

local function answer(rows, started, mark, again, left)
    local n = #rows
    rows[n + 1], rows[n + 2], rows[n + 3], rows[n + 4] = started, mark, again, left
    return rows
end

-- include restamp.lua

-- The fractions stay: a late copy of the request must not take back that a task was started since.
local function again(marker)
    local parts = {}
    for part in marker:gmatch('[^%z]+') do parts[#parts + 1] = part end
    local fraction, first, started, out = tonumber(parts[2]), tonumber(parts[3]), 0, {}
    local ends = lease_end()
    for i = #parts, 4, -1 do
        local id = parts[i]
        local held = call('ZSCORE', lease, id)
        local msg = call('HGET', tasks .. id, 'msg')
        if msg and held and math.floor(tonumber(held) % 1 * 1048576) == fraction then
            restamp(lease, string.format('%.17g', ends + tonumber(held) % 1), id)
            if i - 3 <= first then started = started + 1 end
            out[#out + 1] = id
            out[#out + 1] = msg
        end
    end
    return answer(out, started, parts[2], 1, call('LLEN', pending))
end

local marker = call('GET', lane)
if marker then
    local last = marker:match('^%d+')
    if last == number then return again(marker) end
    if tonumber(last) > tonumber(number) then return redis.error_reply('STALE request') end
end
local closed = call('EXISTS', paused) == 1
local len = closed and 0 or call('LLEN', pending)
if ARGV[2] == 'repeat' or want == 0 or len == 0 then return {0, token, 0, len} end

-- The next n ids and their messages, oldest last. SORT reads many hashes in one command, where the server
-- lets us and the prefix has no star of its own.
local function peek(n)
    if not prefix:find('[*>]') then
        local rows = redis.pcall('SORT', pending, 'BY', 'nosort', 'LIMIT', len - n, n, 'GET', '#',
            'GET', tasks .. '*->msg')
        if not rows.err then return rows end
    end
    local rows = {}
    for _, id in ipairs(call('LRANGE', pending, -n, -1)) do
        local msg = redis.pcall('HGET', tasks .. id, 'msg')
        rows[#rows + 1] = id
        rows[#rows + 1] = type(msg) == 'string' and msg
    end
    return rows
end

local dropped = 0

-- Leaves only rows with a message; ids without one are gone.
local function drop_bare(rows)
    local out = {}
    for i = 1, #rows, 2 do
        if rows[i + 1] then
            out[#out + 1] = rows[i]
            out[#out + 1] = rows[i + 1]
        else
            call('DEL', tasks .. rows[i])
            dropped = dropped + 1
        end
    end
    return out
end

-- Leaves only what is ours alone: an id that is in the list twice, or runs, must not run again. What has
-- a lease without being active is damaged, and taken.
local function drop_held(rows, score, ahead)
    local mine, seen = {}, {}
    for i = #rows - 1, 1, -2 do
        local id = rows[i]
        local held = tonumber(call('ZSCORE', lease, id))
        local ours = held == tonumber(score) or held == tonumber(ahead)
        if not seen[id] and (ours or call('HGET', tasks .. id, 'state') ~= 'active') then
            table.insert(mine, 1, rows[i + 1])
            table.insert(mine, 1, id)
        else
            dropped = dropped + 1
        end
        seen[id] = true
    end
    return mine
end

-- A number of a message, and where the next field is.
local function varint(msg, at)
    local value, scale = 0, 1
    while true do
        local part = byte(msg, at)
        if not part then return end
        at = at + 1
        if part < 128 then return value + part * scale, at end
        value, scale = value + (part - 128) * scale, scale * 128
    end
end

-- How field 4 of a message, the queue's name, looks; behind it is 5, how often the task may be retried (nothing for never),
-- and 6, how often it was.
local name = prefix:match('{([^{}]*)}:$')
local field = name and #name < 128 and '"' .. string.char(#name) .. name

-- Whether a task is on its last attempt. When its message has what looks like field 4 twice, or not at all, it counts as that.
local function is_last(msg)
    local from, at
    if field then from, at = find(msg, field, 1, true) end
    if not from or find(msg, field, from + 1, true) then return true end
    local tag, most, behind, retried = byte(msg, at + 1, at + 4)
    if tag ~= 40 or not most then return true end
    if most > 127 or (behind == 48 and (retried or 128) > 127) then
        most, at = varint(msg, at + 2)
        behind = at and byte(msg, at)
        retried = behind == 48 and varint(msg, at + 1)
    end
    if not most or most > 2147483647 then return true end
    if behind ~= 48 then return most == 0 end
    return not retried or retried >= most
end

-- How many of the oldest are started, and how many may be.
local reach, most = start, start + soon

-- The ids of rows, oldest first, and their leases.
local function list(rows, before, score, ahead)
    local ids, entries, n = {}, {}, #rows
    for i = n - 1, 1, -2 do
        local k = (n - i + 1) / 2
        local place = before + k
        if place == reach + 1 and place <= most and not is_last(rows[i + 1]) then reach = place end
        ids[k] = rows[i]
        entries[2 * k - 1] = place > reach and ahead or score
        entries[2 * k] = rows[i]
    end
    return ids, entries
end

-- Redis keeps a small set as a list, whose every look-up reads it from its head, and which is for
-- batches the slower of the two. A member that is too long for a list, and gone at once, makes it no list.
local LONG = ('-'):rep(100)
local function add_leases(entries)
    if #entries < 32 then return call('ZADD', lease, 'NX', unpack(entries)) end
    local added = call('ZADD', lease, 'NX', entries[1], LONG, unpack(entries))
    call('ZREM', lease, LONG)
    return added - 1
end

-- Takes the n oldest, of which some may turn out to be none.
local function take(n, before, score, ahead)
    local rows = peek(n)
    call('LTRIM', pending, '0', -n - 1)
    for i = 2, 2 * n, 2 do
        if not rows[i] then
            rows = drop_bare(rows)
            break
        end
    end
    if #rows == 0 then return rows, rows end
    local reached = reach
    local ids, entries = list(rows, before, score, ahead)
    if add_leases(entries) < #ids then
        reach = reached
        rows = drop_held(rows, score, ahead)
        if #rows == 0 then return rows, rows end
        ids, entries = list(rows, before, score, ahead)
        call('ZADD', lease, 'XX', unpack(entries))
    end
    call('LPUSH', active, unpack(ids))
    for i = 1, #ids do
        local key = tasks .. ids[i]
        call('HSET', key, 'state', 'active')
        call('HDEL', key, 'pending_since')
    end
    return rows, ids
end

local score, ahead = scores_of(token)
local out, ids
while len > 0 and (not ids or #ids < want) and dropped < 1000 do
    local n = math.min(want - (ids and #ids or 0), len)
    local rows, more = take(n, ids and #ids or 0, score, ahead)
    len = len - n
    if not ids then
        out, ids = rows, more
    else
        for i = 1, #out do rows[#rows + 1] = out[i] end
        for i = 1, #more do ids[#ids + 1] = more[i] end
        out = rows
    end
end
local started = math.min(reach, #ids)
if #ids > 0 then
    call('SET', lane, number .. '\0' .. token .. '\0' .. started .. '\0' .. table.concat(ids, '\0'),
        'EX', '7200')
end
return answer(out, started, token, 0, len)
