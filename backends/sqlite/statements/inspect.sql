-- SPDX-License-Identifier: MIT
--
-- Statements of inspect.c and watch.c.

-- @queues
SELECT name FROM weir_queue WHERE known <> 0 ORDER BY name;
-- @queue
-- name -> qid, paused, processed and failed before the days that are kept
SELECT qid, paused_at <> 0, processed, failed FROM weir_queue WHERE name = ?1 AND known <> 0;
-- @count_states
SELECT state, count(*) FROM weir_task WHERE qid = ?1 GROUP BY state;
-- @count_groups
SELECT count(DISTINCT grp) FROM weir_task WHERE qid = ?1 AND state = 2 AND token = 0;
-- @oldest_pending
SELECT since FROM weir_task WHERE qid = ?1 AND state = 3 ORDER BY ord LIMIT 1;
-- @memory
-- qid, state -> average size of some tasks of one state
SELECT avg(length(id) + length(type) + ifnull(length(unique_key), 0) + ifnull(length(headers), 0)
           + ifnull(length(error), 0) + ifnull(length(result), 0) + 120
           + CASE big WHEN 0 THEN ifnull(length(payload), 0)
                      ELSE (SELECT length(p.payload) FROM weir_payload p WHERE p.seq = t.seq) END)
    FROM (SELECT * FROM weir_task WHERE qid = ?1 AND state = ?2 ORDER BY ord LIMIT 20) t;
-- @totals
SELECT total(processed), total(failed) FROM weir_day WHERE qid = ?1;
-- @day
SELECT processed, failed FROM weir_day WHERE qid = ?1 AND day = ?2;

-- @tasks
-- qid, state, limit, offset
SELECT seq, token, started, state, ord, since, lease, boot, retried, max_retry, timeout, deadline,
       retention, archive_for, enqueued_at, failed_at, id, type, unique_key, grp, headers, error,
       CASE big WHEN 0 THEN payload
                ELSE (SELECT p.payload FROM weir_payload p WHERE p.seq = t.seq) END AS payload,
       result
    FROM weir_task t WHERE qid = ?1 AND state = ?2 ORDER BY ord, seq LIMIT ?3 OFFSET ?4;
-- @tasks_of_group
-- qid, group, limit, offset
SELECT seq, token, started, state, ord, since, lease, boot, retried, max_retry, timeout, deadline,
       retention, archive_for, enqueued_at, failed_at, id, type, unique_key, grp, headers, error,
       CASE big WHEN 0 THEN payload
                ELSE (SELECT p.payload FROM weir_payload p WHERE p.seq = t.seq) END AS payload,
       result
    FROM weir_task t WHERE qid = ?1 AND state = 2 AND token = 0 AND grp = ?2 ORDER BY ord, seq
    LIMIT ?3 OFFSET ?4;
-- @task
-- qid, id
SELECT seq, token, started, state, ord, since, lease, boot, retried, max_retry, timeout, deadline,
       retention, archive_for, enqueued_at, failed_at, id, type, unique_key, grp, headers, error,
       CASE big WHEN 0 THEN payload
                ELSE (SELECT p.payload FROM weir_payload p WHERE p.seq = t.seq) END AS payload,
       result
    FROM weir_task t WHERE qid = ?1 AND id = ?2;

-- @look
-- name -> cancellations so far, is there work, next scheduled, next retry, joins so far
SELECT q.cancels,
       q.paused_at = 0 AND EXISTS (SELECT 1 FROM weir_task WHERE qid = q.qid AND state = 3),
       (SELECT ord FROM weir_task WHERE qid = q.qid AND state = 1 ORDER BY ord LIMIT 1),
       (SELECT ord FROM weir_task WHERE qid = q.qid AND state = 5 ORDER BY ord LIMIT 1),
       q.joins
    FROM weir_queue q WHERE q.name = ?1;
-- @data_version
PRAGMA data_version;
