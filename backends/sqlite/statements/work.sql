-- SPDX-License-Identifier: MIT
--
-- Statements of work.c and of the transactions. A section "-- @name" is one statement. One for
-- several tasks ("_rows") is made by repeating what is between /*[*/ and /*]*/.

-- @begin
BEGIN IMMEDIATE;
-- @begin_read
BEGIN;
-- @commit
COMMIT;
-- @rollback
ROLLBACK;
-- @savepoint
SAVEPOINT weir_job;
-- @release
RELEASE weir_job;
-- @rollback_to
ROLLBACK TO weir_job;

-- @queue_get
-- name -> qid, paused, known
SELECT qid, paused_at <> 0, known FROM weir_queue WHERE name = ?1;
-- @queue_add
INSERT INTO weir_queue (name, known) VALUES (?1, ?2)
    ON CONFLICT (name) DO UPDATE SET known = max(known, excluded.known);
-- @ends
-- qid, state -> lowest and highest place
SELECT (SELECT ord FROM weir_task WHERE qid = ?1 AND state = ?2 ORDER BY ord LIMIT 1),
       (SELECT ord FROM weir_task WHERE qid = ?1 AND state = ?2 ORDER BY ord DESC LIMIT 1);
-- @head
-- qid, state -> lowest place
SELECT ord FROM weir_task WHERE qid = ?1 AND state = ?2 ORDER BY ord LIMIT 1;
-- @tail
-- qid, state -> highest place
SELECT ord FROM weir_task WHERE qid = ?1 AND state = ?2 ORDER BY ord DESC LIMIT 1;
-- @count_day
-- qid, day, processed, failed
INSERT INTO weir_day (qid, day, processed, failed) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (qid, day) DO UPDATE SET processed = processed + excluded.processed,
                                         failed = failed + excluded.failed;

-- @task_exists
SELECT seq FROM weir_task WHERE qid = ?1 AND id = ?2;
-- @lock_take
-- name, qid, id, expires_at, now
INSERT INTO weir_lock (name, qid, id, expires_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (qid, name) DO UPDATE SET id = excluded.id, expires_at = excluded.expires_at
    WHERE weir_lock.expires_at <= ?5;
-- @lock_drop
DELETE FROM weir_lock WHERE qid = ?2 AND name = ?1 AND id = ?3;
-- @insert
-- once as it is, once for several rows
INSERT INTO weir_task (qid, state, ord, since, max_retry, timeout, deadline, retention, archive_for,
                       enqueued_at, retried, failed_at, big, id, type, unique_key, grp, headers, error,
                       payload)
    VALUES /*[*/(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)/*]*/
    ON CONFLICT (qid, id) DO NOTHING;
-- @payload_put
INSERT OR REPLACE INTO weir_payload (seq, payload) VALUES (?1, ?2);
-- @payload_drop
DELETE FROM weir_payload WHERE seq = ?1;

-- @take
-- qid, limit -> tasks, oldest first (columns: see row.h; those that say nothing of a pending task are not read)
SELECT seq, 0 AS token, 0 AS started, 3 AS state, 0 AS ord, 0 AS since, 0 AS lease, 0 AS boot,
       retried, max_retry, timeout, deadline, retention, archive_for, enqueued_at, failed_at, id,
       type, unique_key, grp, headers, error,
       CASE big WHEN 0 THEN payload
                ELSE (SELECT p.payload FROM weir_payload p WHERE p.seq = t.seq) END AS payload,
       result
    FROM weir_task t WHERE qid = ?1 AND state = 3 ORDER BY t.ord LIMIT ?2;
-- @hold_range
-- token, lease, boot, started, first and last seq
UPDATE weir_task SET state = 4, token = ?1, lease = ?2, boot = ?3, started = ?4, cancel = 0
    WHERE seq BETWEEN ?5 AND ?6;
-- @hold_rows
-- token, lease, boot, started, seqs
UPDATE weir_task SET state = 4, token = ?1, lease = ?2, boot = ?3, started = ?4, cancel = 0
    WHERE seq IN (/*[*/?/*]*/);
-- @start_range
-- token, first and last seq
UPDATE weir_task SET started = 1 WHERE seq BETWEEN ?2 AND ?3 AND token = ?1 AND state = 4;
-- @start_rows
-- token, seqs
UPDATE weir_task SET started = 1 WHERE token = ?1 AND state = 4 AND seq IN (/*[*/?/*]*/);
-- @extend
-- seq, token, lease, boot -> how it was cancelled
UPDATE weir_task SET lease = ?3, boot = ?4
    WHERE seq = ?1 AND token = ?2 AND state = 4 RETURNING cancel;

-- @show
-- seq, token, result
UPDATE weir_task SET result = ?3 WHERE seq = ?1 AND token = ?2 AND state = 4;

-- @holds
-- seq, token: whether the claim is the present one
SELECT 1 FROM weir_task WHERE seq = ?1 AND token = ?2 AND state = 4;
-- @finish_done
-- seq, token
DELETE FROM weir_task WHERE seq = ?1 AND token = ?2 AND state = 4 AND started = 1;
-- @finish_done_range
-- token, first and last seq
DELETE FROM weir_task WHERE seq BETWEEN ?2 AND ?3 AND token = ?1 AND state = 4 AND started = 1;
-- @finish_done_rows
-- token, seqs
DELETE FROM weir_task WHERE token = ?1 AND state = 4 AND started = 1 AND seq IN (/*[*/?/*]*/);
-- @finish_complete
-- seq, token, now, at, result
UPDATE weir_task SET state = 7, ord = ?4, since = ?3, result = ifnull(?5, result), token = 0, cancel = 0
    WHERE seq = ?1 AND token = ?2 AND state = 4 AND started = 1;
-- @finish_retry
-- seq, token, now, at, error, counted
UPDATE weir_task SET state = 5, ord = ?4, since = ?3, token = 0, started = 0, cancel = 0,
                     error = ifnull(?5, error), failed_at = iif(?5 IS NULL, failed_at, ?3),
                     retried = retried + ?6
    WHERE seq = ?1 AND token = ?2 AND state = 4 AND started = 1;
-- @finish_archive
-- seq, token, now, error (the place: see steer_archive)
UPDATE weir_task SET state = 6, ord = iif(archive_for > 0, 1152921504606846976 + ?3 + archive_for, ?3),
                     since = ?3, token = 0, cancel = 0, error = ifnull(?4, error), failed_at = iif(?4 IS NULL, failed_at, ?3)
    WHERE seq = ?1 AND token = ?2 AND state = 4 AND started = 1;
-- @finish_requeue
-- seq, token, place
UPDATE weir_task SET state = 3, ord = ?3, token = 0, started = 0, cancel = 0
    WHERE seq = ?1 AND token = ?2 AND state = 4;
