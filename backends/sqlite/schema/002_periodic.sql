-- SPDX-License-Identifier: MIT
--
-- Version 2: periodic tasks. doc/sqlite-schema.md says what each table and index is for.

CREATE TABLE weir_tick (
    qid     INTEGER NOT NULL,             -- the queue of the entry's tasks
    entry   TEXT NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (qid, entry)
) WITHOUT ROWID;

CREATE TABLE weir_tick_event (
    seq   INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    task  TEXT NOT NULL,                  -- id of what was enqueued
    at    INTEGER NOT NULL
);

CREATE INDEX weir_tick_event_entry ON weir_tick_event (entry, seq);

CREATE TABLE weir_scheduler (
    id         TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    entries    BLOB NOT NULL
) WITHOUT ROWID;
