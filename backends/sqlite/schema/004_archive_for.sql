-- SPDX-License-Identifier: MIT
--
-- Version 4: how long a task is kept once archived, in ms; 0: for as long as the archive's age says.

ALTER TABLE weir_task ADD COLUMN archive_for INTEGER NOT NULL DEFAULT 0;
