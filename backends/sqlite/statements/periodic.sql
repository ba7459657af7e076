-- SPDX-License-Identifier: MIT
--
-- Statements of periodic.c.

-- @tick_last
-- qid, entry
SELECT last_at FROM weir_tick WHERE qid = ?1 AND entry = ?2;
-- @tick_set
-- qid, entry, last_at
INSERT INTO weir_tick (qid, entry, last_at) VALUES (?1, ?2, ?3)
    ON CONFLICT (qid, entry) DO UPDATE SET last_at = excluded.last_at;
-- @tick_note
-- entry, task, at
INSERT INTO weir_tick_event (entry, task, at) VALUES (?1, ?2, ?3);
-- @tick_trim
-- entry, events kept
DELETE FROM weir_tick_event WHERE entry = ?1 AND seq <=
    (SELECT seq FROM weir_tick_event WHERE entry = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2);
-- @tick_events
-- entry, limit, offset: the latest first
SELECT task, at FROM weir_tick_event WHERE entry = ?1 ORDER BY seq DESC LIMIT ?2 OFFSET ?3;
-- @scheduler_beat
-- id, expires_at, entries
INSERT INTO weir_scheduler (id, expires_at, entries) VALUES (?1, ?2, ?3)
    ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, entries = excluded.entries;
-- @scheduler_leave
DELETE FROM weir_scheduler WHERE id = ?1;
-- @schedulers_expired
DELETE FROM weir_scheduler WHERE expires_at <= ?1;
-- @schedulers
SELECT id, entries FROM weir_scheduler WHERE expires_at > ?1 ORDER BY id;
