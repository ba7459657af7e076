-- SPDX-License-Identifier: MIT
--
-- Sets tasks aside whose message cannot be read, taken ones and those of a group or of a staged set: the message is kept
-- in the quarantine, where people can look at it, and everything else about the task goes.
--
-- KEYS: prefix, active, lease, quarantine
-- ARGV: for each task id, and its token, or the key of its group or set
-- Returns how many were set aside.
local prefix, active, lease, quarantine = unpack(KEYS)

-- Takes a task out of where it is; false when it is not there any more.
local function leave(id, where)
    if not where:match('^%d+$') then
        return where:sub(1, #prefix) == prefix and redis.call('ZREM', where, id) == 1
    end
    local score = redis.call('ZSCORE', lease, id)
    if not score or math.floor(tonumber(score) % 1 * 1048576) ~= tonumber(where) then return false end
    redis.call('ZREM', lease, id)
    redis.call('LREM', active, 0, id)
    return true
end

local count = 0
for i = 1, #ARGV, 2 do
    local id = ARGV[i]
    if leave(id, ARGV[i + 1]) then
        local facts = redis.call('HMGET', prefix .. 't:' .. id, 'msg', 'unique_key')
        redis.call('HSET', quarantine, id, facts[1] or '')
        redis.call('DEL', prefix .. 't:' .. id)
        local lock = facts[2]
        if lock and lock:sub(1, #prefix) == prefix and redis.call('GET', lock) == id then
            redis.call('DEL', lock)
        end
        count = count + 1
    end
end
return count
