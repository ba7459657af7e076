-- SPDX-License-Identifier: MIT
--
-- Statements of upkeep.c and presence.c.

-- @due
-- qid, state, now, limit -> due tasks of one state, by their time
SELECT seq, ord, grp FROM weir_task WHERE qid = ?1 AND state = ?2 AND ord <= ?3
    ORDER BY ord LIMIT ?4;
-- @forward
-- seq, state, place, now
UPDATE weir_task SET state = ?2, ord = ?3, since = ?4 WHERE seq = ?1;
-- @next_due
-- queue -> time of the next scheduled, of the next retry
SELECT (SELECT ord FROM weir_task WHERE qid = q.qid AND state = 1 ORDER BY ord LIMIT 1),
       (SELECT ord FROM weir_task WHERE qid = q.qid AND state = 5 ORDER BY ord LIMIT 1)
    FROM weir_queue q WHERE q.name = ?1;

-- @dead
-- qid, boot, boot's now, limit -> active tasks without a living lease (columns: see row.h)
SELECT seq, token, started, state, ord, since, lease, boot, retried, max_retry, timeout, deadline,
       retention, archive_for, enqueued_at, failed_at, id, type, unique_key, grp, headers, error,
       CASE big WHEN 0 THEN payload
                ELSE (SELECT p.payload FROM weir_payload p WHERE p.seq = t.seq) END AS payload,
       result
    FROM weir_task t WHERE qid = ?1 AND state = 4
        AND (boot <> ?2 AND boot <> 0 AND ?2 <> 0 OR lease < ?3) LIMIT ?4;
-- @reclaim
-- seq, token, lease, boot
UPDATE weir_task SET token = ?2, lease = ?3, boot = ?4, cancel = 0 WHERE seq = ?1;

-- @expired
-- qid, state, from, until, limit -> tasks of one state with a place in that range
SELECT seq, CASE big WHEN 0 THEN 0 ELSE
           (SELECT length(p.payload) FROM weir_payload p WHERE p.seq = t.seq) END, unique_key, id
    FROM weir_task t WHERE qid = ?1 AND state = ?2 AND ord BETWEEN ?3 AND ?4 ORDER BY ord LIMIT ?5;
-- @archive_heads
-- qid, place -> the lowest place of an archived task below that one, and the lowest from there on
SELECT (SELECT ord FROM weir_task WHERE qid = ?1 AND state = 6 AND ord < ?2 ORDER BY ord LIMIT 1),
       (SELECT ord FROM weir_task WHERE qid = ?1 AND state = 6 AND ord >= ?2 ORDER BY ord LIMIT 1);
-- @archive_cut
-- qid, kept: whether there are more
SELECT 1 FROM weir_task WHERE qid = ?1 AND state = 6 ORDER BY ord DESC LIMIT 1 OFFSET ?2;
-- @archive_count
-- qid, most: counted no further
SELECT count(*) FROM (SELECT 1 FROM weir_task WHERE qid = ?1 AND state = 6 LIMIT ?2);
-- @remove
DELETE FROM weir_task WHERE seq = ?1;
-- @locks_expired
SELECT 1 FROM weir_lock WHERE expires_at <= ?1 LIMIT 1;
-- @locks_expire
-- now, limit
DELETE FROM weir_lock WHERE (qid, name) IN
    (SELECT qid, name FROM weir_lock WHERE expires_at <= ?1 LIMIT ?2);

-- @days_old
-- qid, first day to keep
SELECT 1 FROM weir_day WHERE qid = ?1 AND day < ?2 LIMIT 1;
-- @days_fold
UPDATE weir_queue SET
    processed = processed + (SELECT total(processed) FROM weir_day WHERE qid = ?1 AND day < ?2),
    failed = failed + (SELECT total(failed) FROM weir_day WHERE qid = ?1 AND day < ?2)
    WHERE qid = ?1;
-- @days_drop
DELETE FROM weir_day WHERE qid = ?1 AND day < ?2;

-- @beat
-- id, expires_at, info
INSERT INTO weir_server (id, expires_at, info) VALUES (?1, ?2, ?3)
    ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, info = excluded.info;
-- @leave
DELETE FROM weir_server WHERE id = ?1;
-- @servers_expired
DELETE FROM weir_server WHERE expires_at <= ?1;
-- @servers
SELECT id, info FROM weir_server WHERE expires_at > ?1 ORDER BY id;

-- @lead
-- name, holder, lease, boot, boot's now: takes what is free, dead or already the holder's
INSERT INTO weir_leader (name, holder, lease, boot) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease = excluded.lease,
                                     boot = excluded.boot
    WHERE weir_leader.holder = excluded.holder
          OR weir_leader.boot <> excluded.boot AND weir_leader.boot <> 0 AND excluded.boot <> 0
          OR weir_leader.lease < ?5;
-- @resign
DELETE FROM weir_leader WHERE name = ?1 AND holder = ?2;
