-- SPDX-License-Identifier: MIT
--
-- Changes a waiting task in place, if its message is still the one that the change was made from.
--
-- KEYS: prefix, scheduled, retry
-- ARGV: id, message before, message after, score and due time in ms ("" for unchanged)
-- Returns o (done), n (no such task), s (not in its state), r (it changed meanwhile: look again).
local prefix, scheduled, retry = unpack(KEYS)
local key = prefix .. 't:' .. ARGV[1]
local sets = {scheduled = scheduled, retry = retry}
local facts = redis.call('HMGET', key, 'state', 'msg')
local state = facts[1]
if not facts[2] then return 'n' end
if not sets[state] and (state ~= 'pending' or ARGV[4] ~= '') then return 's' end
if facts[2] ~= ARGV[2] then return 'r' end
redis.call('HSET', key, 'msg', ARGV[3])
if ARGV[4] ~= '' then
    redis.call('HSET', key, 'weir_at', ARGV[5])
    redis.call('ZADD', sets[state], ARGV[4], ARGV[1])
end
return 'o'
