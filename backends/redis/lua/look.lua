-- SPDX-License-Identifier: MIT
--
-- Reads tasks.
--
-- KEYS: prefix, scheduled, retry, archived, completed, lease
-- ARGV: ids
-- Returns {now in s of the server, then for each task that exists
--          {id, message, state, pending_since, result, group, weir_at, score in its set}}
local prefix, scheduled, retry, archived, completed, lease = unpack(KEYS)
local sets = {scheduled = scheduled, retry = retry, archived = archived, completed = completed, active = lease}
local out = {redis.call('TIME')[1]}
for i = 1, #ARGV do
    local id = ARGV[i]
    local row = redis.pcall('HMGET', prefix .. 't:' .. id, 'msg', 'state', 'pending_since', 'result',
        'group', 'weir_at')
    if not row.err and row[1] then
        local set = sets[row[2]] or row[2] == 'aggregating' and row[5] and prefix .. 'g:' .. row[5]
        row[7] = set and redis.call('ZSCORE', set, id)
        table.insert(row, 1, id)
        out[#out + 1] = row
    end
end
return out
