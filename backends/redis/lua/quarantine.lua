-- SPDX-License-Identifier: MIT
--
-- Sets taken tasks aside whose message cannot be read: the message is kept in the quarantine, where
-- people can look at it, and everything else about the task goes.
--
-- KEYS: prefix, active, lease, never started, quarantine
-- ARGV: id and token of each task
-- Returns how many were set aside.
local prefix, active, lease, ns, quarantine = unpack(KEYS)
local count = 0
for i = 1, #ARGV, 2 do
    local id, token = ARGV[i], ARGV[i + 1]
    local score = redis.call('ZSCORE', lease, id)
    if score and tonumber(score) % 1 == tonumber(token) / 1048576 then
        local facts = redis.call('HMGET', prefix .. 't:' .. id, 'msg', 'unique_key')
        redis.call('ZREM', lease, id)
        redis.call('LREM', active, 0, id)
        redis.call('SREM', ns, id .. ':' .. token)
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
