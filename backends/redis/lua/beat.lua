-- SPDX-License-Identifier: MIT
--
-- Publishes a server and what it runs.
--
-- KEYS: the server's key, its workers' key
-- ARGV: ms to live, the server, then id and worker of each task
local server, workers = KEYS[1], KEYS[2]
redis.call('SET', server, ARGV[2], 'PX', ARGV[1])
redis.call('DEL', workers)
for i = 3, #ARGV, 2 do redis.call('HSET', workers, ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', workers, ARGV[1])
return 1
