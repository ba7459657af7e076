-- SPDX-License-Identifier: MIT
--
-- Version 3: staged sets. The token of an aggregating task is the set it belongs to; 0: it waits in its group.

ALTER TABLE weir_queue ADD COLUMN joins INTEGER NOT NULL DEFAULT 0; -- so many tasks have joined groups

CREATE TABLE weir_set (
    sid        INTEGER PRIMARY KEY,       -- random, never 0
    qid        INTEGER NOT NULL,
    grp        TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);

CREATE INDEX weir_set_expiry ON weir_set (qid, expires_at);

DROP INDEX weir_task_group;
CREATE INDEX weir_task_group ON weir_task (qid, grp, ord) WHERE state = 2 AND token = 0;
CREATE INDEX weir_task_set ON weir_task (token) WHERE state = 2 AND token <> 0;
