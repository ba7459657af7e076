-- SPDX-License-Identifier: MIT
--
-- Statements of group.c.

-- @groups
-- qid, count to -> each group: name, type of its oldest, size, when the oldest and the newest joined
WITH RECURSIVE g (name) AS (
    SELECT (SELECT grp FROM weir_task WHERE qid = ?1 AND state = 2 AND token = 0
                ORDER BY grp LIMIT 1)
    UNION ALL
    SELECT (SELECT grp FROM weir_task WHERE qid = ?1 AND state = 2 AND token = 0 AND grp > g.name
                ORDER BY grp LIMIT 1)
        FROM g WHERE g.name IS NOT NULL)
SELECT name,
       (SELECT type FROM weir_task WHERE qid = ?1 AND grp = name AND state = 2 AND token = 0
            ORDER BY ord LIMIT 1),
       (SELECT count(*) FROM (SELECT 1 FROM weir_task WHERE qid = ?1 AND grp = name AND state = 2
                                  AND token = 0 LIMIT ?2)),
       (SELECT since FROM weir_task WHERE qid = ?1 AND grp = name AND state = 2 AND token = 0
            ORDER BY ord LIMIT 1),
       (SELECT since FROM weir_task WHERE qid = ?1 AND grp = name AND state = 2 AND token = 0
            ORDER BY ord DESC LIMIT 1)
    FROM g WHERE name IS NOT NULL;
-- @group
-- qid, group, count to -> size, when the oldest and the newest joined
SELECT (SELECT count(*) FROM (SELECT 1 FROM weir_task WHERE qid = ?1 AND grp = ?2 AND state = 2
                                  AND token = 0 LIMIT ?3)),
       (SELECT since FROM weir_task WHERE qid = ?1 AND grp = ?2 AND state = 2 AND token = 0
            ORDER BY ord LIMIT 1),
       (SELECT since FROM weir_task WHERE qid = ?1 AND grp = ?2 AND state = 2 AND token = 0
            ORDER BY ord DESC LIMIT 1);
-- @group_tasks
-- qid, group, limit -> its oldest tasks (columns: see row.h)
SELECT seq, token, started, state, ord, since, lease, boot, retried, max_retry, timeout, deadline,
       retention, archive_for, enqueued_at, failed_at, id, type, unique_key, grp, headers, error,
       CASE big WHEN 0 THEN payload
                ELSE (SELECT p.payload FROM weir_payload p WHERE p.seq = t.seq) END AS payload,
       result
    FROM weir_task t WHERE qid = ?1 AND grp = ?2 AND state = 2 AND token = 0 ORDER BY ord LIMIT ?3;
-- @set_join
-- seq, set
UPDATE weir_task SET token = ?2 WHERE seq = ?1;
-- @set_add
-- set, qid, group, expires_at
INSERT INTO weir_set (sid, qid, grp, expires_at) VALUES (?1, ?2, ?3, ?4);
-- @set_get
-- set, queue -> qid
SELECT s.qid FROM weir_set s, weir_queue q WHERE s.sid = ?1 AND q.qid = s.qid AND q.name = ?2;
-- @set_tasks
-- set, limit
SELECT seq, state, big, unique_key, id FROM weir_task WHERE token = ?1 AND state = 2 AND token <> 0
    LIMIT ?2;
-- @set_drop
DELETE FROM weir_set WHERE sid = ?1;
-- @set_dissolve
UPDATE weir_task SET token = 0 WHERE token = ?1 AND state = 2 AND token <> 0;
-- @sets_over
-- qid, now, limit
SELECT sid FROM weir_set WHERE qid = ?1 AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3;
-- @sets_drop
DELETE FROM weir_set WHERE qid = ?1;
-- @joined
-- qid, tasks
UPDATE weir_queue SET joins = joins + ?2 WHERE qid = ?1;
