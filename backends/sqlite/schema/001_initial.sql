-- SPDX-License-Identifier: MIT
--
-- Version 1. doc/sqlite-schema.md says what each table and index is for.

CREATE TABLE weir_queue (
    qid       INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    known     INTEGER NOT NULL DEFAULT 0, -- had a task; 0: only paused ahead of its first one
    paused_at INTEGER NOT NULL DEFAULT 0, -- 0: runs
    cancels   INTEGER NOT NULL DEFAULT 0, -- cancellations asked for so far, for those who wait
    processed INTEGER NOT NULL DEFAULT 0, -- of days that are not in weir_day any more
    failed    INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE weir_day (
    qid       INTEGER NOT NULL,
    day       INTEGER NOT NULL,           -- days since 1970-01-01, UTC
    processed INTEGER NOT NULL DEFAULT 0,
    failed    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (qid, day)
) WITHOUT ROWID;

-- What state changes rewrite comes first, what can be long last.
CREATE TABLE weir_task (
    seq         INTEGER PRIMARY KEY,
    qid         INTEGER NOT NULL,
    state       INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),
    ord         INTEGER NOT NULL,         -- place among those of its state, see doc
    since       INTEGER NOT NULL,         -- pending, active: pending since; else in this state since
    token       INTEGER NOT NULL DEFAULT 0,
    lease       INTEGER NOT NULL DEFAULT 0, -- active: end, on the clock of this boot
    boot        INTEGER NOT NULL DEFAULT 0,
    started     INTEGER NOT NULL DEFAULT 0,
    cancel      INTEGER NOT NULL DEFAULT 0,
    retried     INTEGER NOT NULL DEFAULT 0,
    max_retry   INTEGER NOT NULL DEFAULT 0,
    timeout     INTEGER NOT NULL DEFAULT 0,
    deadline    INTEGER NOT NULL DEFAULT 0,
    retention   INTEGER NOT NULL DEFAULT 0,
    enqueued_at INTEGER NOT NULL DEFAULT 0,
    failed_at   INTEGER NOT NULL DEFAULT 0,
    big         INTEGER NOT NULL DEFAULT 0, -- 1: the payload is in weir_payload
    id          TEXT NOT NULL,
    type        TEXT NOT NULL,
    unique_key  TEXT,
    grp         TEXT,
    headers     BLOB,                     -- name NUL value NUL ...
    error       TEXT,
    payload     BLOB,
    result      BLOB
);

CREATE UNIQUE INDEX weir_task_id ON weir_task (qid, id);
CREATE INDEX weir_task_place ON weir_task (qid, state, ord);
CREATE INDEX weir_task_group ON weir_task (qid, grp, ord) WHERE state = 2;

CREATE TABLE weir_payload (
    seq     INTEGER PRIMARY KEY,
    payload BLOB NOT NULL
);

CREATE TABLE weir_lock (
    qid        INTEGER NOT NULL,
    name       TEXT NOT NULL,
    id         TEXT NOT NULL,             -- of the task that holds it
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (qid, name)
) WITHOUT ROWID;

CREATE INDEX weir_lock_expiry ON weir_lock (expires_at);

CREATE TABLE weir_server (
    id         TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    info       BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE weir_leader (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    lease  INTEGER NOT NULL,
    boot   INTEGER NOT NULL
) WITHOUT ROWID;
