-- SPDX-License-Identifier: MIT
--
-- Statements of steer.c and queue.c.

-- @steer_get
-- qid, id; a task of a staged set is out of reach like an active one
SELECT seq, iif(state = 2 AND token <> 0, 4, state), big, unique_key, id FROM weir_task WHERE qid = ?1 AND id = ?2;
-- @steer_list
-- qid, state, limit
SELECT seq, state, CASE big WHEN 0 THEN 0 ELSE
           (SELECT length(p.payload) FROM weir_payload p WHERE p.seq = t.seq) END, unique_key, id
    FROM weir_task t WHERE qid = ?1 AND state = ?2
    AND (state <> 2 OR token = 0) ORDER BY ord LIMIT ?3;
-- @steer_list_of_group
-- qid, group, limit
SELECT seq, state, CASE big WHEN 0 THEN 0 ELSE
           (SELECT length(p.payload) FROM weir_payload p WHERE p.seq = t.seq) END, unique_key, id
    FROM weir_task t WHERE qid = ?1 AND state = 2
    AND token = 0 AND grp = ?2 ORDER BY ord LIMIT ?3;
-- @steer_run
-- seq, place, now
UPDATE weir_task SET state = 3, ord = ?2, since = ?3, started = 0 WHERE seq = ?1;
-- @steer_archive
-- seq, now. A task that is archived for a time of its own stands behind all others, by the end of that time
-- (ARCHIVE_OWN in expire.c)
UPDATE weir_task SET state = 6, ord = iif(archive_for > 0, 1152921504606846976 + ?2 + archive_for, ?2), since = ?2
    WHERE seq = ?1;
-- @amend_due
-- seq, due
UPDATE weir_task SET ord = ?2 WHERE seq = ?1;
-- @amend_payload
-- seq, big, payload
UPDATE weir_task SET big = ?2, payload = ?3 WHERE seq = ?1;
-- @cancel
-- qid, id, mode
UPDATE weir_task SET cancel = max(cancel, ?3) WHERE qid = ?1 AND id = ?2 AND state = 4;
-- @cancel_note
UPDATE weir_queue SET cancels = cancels + 1 WHERE qid = ?1;

-- @pause
-- qid, time or 0
UPDATE weir_queue SET paused_at = ?2 WHERE qid = ?1;
-- @any_task
SELECT 1 FROM weir_task WHERE qid = ?1 LIMIT 1;
-- @any_active
SELECT 1 FROM weir_task WHERE qid = ?1 AND state = 4 LIMIT 1;
-- @queue_tasks
-- qid, limit
SELECT seq, state, CASE big WHEN 0 THEN 0 ELSE
           (SELECT length(p.payload) FROM weir_payload p WHERE p.seq = t.seq) END, unique_key, id
    FROM weir_task t WHERE qid = ?1 LIMIT ?2;
-- @queue_days_drop
DELETE FROM weir_day WHERE qid = ?1;
-- @queue_locks_drop
DELETE FROM weir_lock WHERE qid = ?1;
-- @queue_ticks_drop
DELETE FROM weir_tick WHERE qid = ?1;
-- @queue_drop
DELETE FROM weir_queue WHERE qid = ?1;
