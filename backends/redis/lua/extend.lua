-- SPDX-License-Identifier: MIT
--
-- Renews leases; the fraction, which is the token and whether the task was started, stays.
--
-- KEYS: lease, cancel
-- ARGV: lease in ms, then id and token of each task
-- Returns one letter for each task: o (renewed), c, d or e (renewed, and somebody asked for its cancellation,
-- in mode 1, 2 or 3), s (the token is not the present one).
local lease, cancel = KEYS[1], KEYS[2]

-- include restamp.lua

local now = redis.call('TIME')
local ends = math.ceil((tonumber(now[1]) * 1000 + tonumber(now[2]) / 1000 + tonumber(ARGV[1])) / 1000)
local ids = {}
for i = 2, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local scores = redis.call('ZMSCORE', lease, unpack(ids))
local cancelled = redis.call('EXISTS', cancel) == 1 and redis.call('HMGET', cancel, unpack(ids))
local letters = {'c', 'd', 'e'}
local results, entries = {}, {}
for k, id in ipairs(ids) do
    local token, fraction = ARGV[2 * k + 1], scores[k] and tonumber(scores[k]) % 1
    if fraction and math.floor(fraction * 1048576) == tonumber(token) then
        local of, mode = string.match(cancelled and cancelled[k] or '', '^(%d+):?(%d?)$')
        results[k] = of == token and letters[tonumber(mode) or 1] or 'o'
        entries[#entries + 1] = string.format('%.17g', ends + fraction)
        entries[#entries + 1] = id
    else
        results[k] = 's'
    end
end
if #entries > 0 then restamp(lease, unpack(entries)) end
return table.concat(results)
