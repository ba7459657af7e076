-- SPDX-License-Identifier: MIT
--
-- Marks tasks that were taken ahead as started. Doing it twice is the same as once.
--
-- KEYS: lease, never started
-- ARGV: id and token of each task
-- Returns one letter for each task: o (started), s (the token is not the present one).
local lease, ns = KEYS[1], KEYS[2]
local results, members = {}, {}
for i = 1, #ARGV, 2 do
    local score = redis.call('ZSCORE', lease, ARGV[i])
    if score and tonumber(score) % 1 == tonumber(ARGV[i + 1]) / 1048576 then
        results[#results + 1] = 'o'
        members[#members + 1] = ARGV[i] .. ':' .. ARGV[i + 1]
    else
        results[#results + 1] = 's'
    end
end
if #members > 0 then redis.call('SREM', ns, unpack(members)) end
return table.concat(results)
