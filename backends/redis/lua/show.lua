-- SPDX-License-Identifier: MIT
--
-- Stores what handlers write while their tasks run, in the field that has the result afterwards.
--
-- KEYS: prefix, lease
-- ARGV: id, token and result of each task
-- Returns one letter for each task: o (stored), s (the token is not the present one).
local prefix, lease = KEYS[1], KEYS[2]
local results = {}
for i = 1, #ARGV, 3 do
    local score = redis.call('ZSCORE', lease, ARGV[i])
    if score and math.floor(tonumber(score) % 1 * 1048576) == tonumber(ARGV[i + 1]) then
        redis.call('HSET', prefix .. 't:' .. ARGV[i], 'result', ARGV[i + 2])
        results[#results + 1] = 'o'
    else
        results[#results + 1] = 's'
    end
end
return table.concat(results)
