-- SPDX-License-Identifier: MIT
--
-- Notes that a running task is to be cancelled, for the attempt that runs now. Attempts of Go servers
-- (a score without fraction) only hear the message on the channel. The note is "token", or "token:mode" where
-- the mode is not 1; of several for one attempt the one with the greatest mode stays. The message leaves with
-- the script, never before the note is there: sent beside it, it would overtake a script that had to be loaded first.
--
-- KEYS: lease, cancel
-- ARGV: id, mode, channel
-- Returns 1, or 0 when the task does not run.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
local token = score and math.floor(tonumber(score) % 1 * 1048576) or 0
if token > 0 then
    local note = string.format('%.0f', token)
    local old, mode = redis.call('HGET', KEYS[2], ARGV[1]), tonumber(ARGV[2])
    if not old or (old == note and '1' or string.match(old, '^' .. note .. ':(%d)$') or '0') < ARGV[2] then
        redis.call('HSET', KEYS[2], ARGV[1], mode > 1 and note .. ':' .. ARGV[2] or note)
    end
end
redis.call('PUBLISH', ARGV[3], ARGV[1])
return score and 1 or 0
