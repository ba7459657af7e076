-- SPDX-License-Identifier: MIT
--
-- Puts sets whose time is over back into their groups, where their tasks have the places that they had, and names
-- those groups. A set of asynq's may be of any size: it goes back in steps, and its name is the last to go.
--
-- KEYS: prefix, groups, aggregation sets
-- ARGV: now in s, the most sets, the most tasks
-- Returns {sets that are back, 1 if the steps are not at their end}.
local prefix, groups, sets = unpack(KEYS)
local now_s, max, room = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local head = prefix .. 'g:'

-- Those of the tasks that still wait for their set.
local function waiting(rows, group)
    local back, gone = {}, {}
    for i = 1, #rows, 2 do
        local key = prefix .. 't:' .. rows[i]
        local facts = redis.pcall('HMGET', key, 'state', 'msg', 'group')
        if facts.err or not facts[2] then
            gone[#gone + 1] = key
        elseif facts[1] == 'aggregating' and facts[3] == group then
            back[#back + 1] = rows[i + 1]
            back[#back + 1] = rows[i]
        end
    end
    return back, gone
end

local function put_back(set, group, rows)
    local back, gone = waiting(rows, group)
    if #back > 0 then
        redis.call('ZADD', head .. group, unpack(back))
        redis.call('SADD', groups, group)
    end
    if #gone > 0 then redis.call('DEL', unpack(gone)) end
    redis.call('ZREMRANGEBYRANK', set, 0, #rows / 2 - 1)
end

local done = 0
local over = redis.call('ZRANGEBYSCORE', sets, '-inf', '(' .. string.format('%.0f', now_s + 1), 'LIMIT', 0, max)
for _, set in ipairs(over) do
    local group = set:sub(1, #head) == head and set:sub(#head + 1):match('^(.+):[^:]*$')
    local rows = group and redis.pcall('ZRANGE', set, 0, room - 1, 'WITHSCORES') or {}
    if not rows.err and #rows > 0 then
        put_back(set, group, rows)
        room = room - #rows / 2
    end
    if not rows.err and group and redis.call('EXISTS', set) == 1 then return {done, 1} end
    redis.call('ZREM', sets, set)
    done = done + 1
    if room == 0 then return {done, done < #over and 1 or 0} end
end
return {done, 0}
