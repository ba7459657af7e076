-- SPDX-License-Identifier: MIT
--
-- Notes that a running task is to be cancelled, for the attempt that runs now. Attempts of Go servers
-- (a score without fraction) only hear the message on the channel.
--
-- KEYS: lease, cancel
-- ARGV: id
-- Returns 1, or 0 when the task does not run.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score then return 0 end
local token = tonumber(score) % 1 * 1048576
if token > 0 then redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f', token)) end
return 1
