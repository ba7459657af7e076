-- SPDX-License-Identifier: MIT
--
-- Reads tasks.
--
-- KEYS: prefix, scheduled, retry, archived, completed, lease, aggregation sets
-- ARGV: ids
-- Returns {now in s of the server, then for each task that exists
--          {id, message, state, pending_since, result, group, weir_at, score in its set}}
local prefix, scheduled, retry, archived, completed, lease, staged = unpack(KEYS)
local sets = {scheduled = scheduled, retry = retry, archived = archived, completed = completed, active = lease}
local MANY = 200 -- staged sets that are searched for one task

-- The score of a task of a group, which may be staged.
local function joined(group, id)
    local key = prefix .. 'g:' .. group
    local score = redis.call('ZSCORE', key, id)
    if score then return score end
    for _, set in ipairs(redis.call('ZRANGE', staged, 0, MANY - 1)) do
        score = set:sub(1, #key + 1) == key .. ':' and redis.pcall('ZSCORE', set, id)
        if type(score) == 'string' then return score end
    end
    return false
end

local out = {redis.call('TIME')[1]}
for i = 1, #ARGV do
    local id = ARGV[i]
    local row = redis.pcall('HMGET', prefix .. 't:' .. id, 'msg', 'state', 'pending_since', 'result',
        'group', 'weir_at')
    if not row.err and row[1] then
        local set = sets[row[2]]
        row[7] = set and redis.call('ZSCORE', set, id) or
            row[2] == 'aggregating' and row[5] and joined(row[5], id)
        table.insert(row, 1, id)
        out[#out + 1] = row
    end
end
return out
