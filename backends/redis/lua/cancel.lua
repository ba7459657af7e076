-- SPDX-License-Identifier: MIT
--
-- Notes that a running task is to be cancelled, for the attempt that runs now. Attempts of Go servers
-- (a score without fraction) only hear the message on the channel. The note is "token", or "token:mode" where
-- the mode is not 1; of several for one attempt the one with the greatest mode stays.
--
-- KEYS: lease, cancel
-- ARGV: id, mode
-- Returns 1, or 0 when the task does not run.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score then return 0 end
local token = tonumber(score) % 1 * 1048576
if token > 0 then
    local note = string.format('%.0f', token)
    local old, mode = redis.call('HGET', KEYS[2], ARGV[1]), tonumber(ARGV[2])
    if old and (old == note and '1' or string.match(old, '^' .. note .. ':(%d)$') or '0') >= ARGV[2] then return 1 end
    redis.call('HSET', KEYS[2], ARGV[1], mode > 1 and note .. ':' .. ARGV[2] or note)
end
return 1
