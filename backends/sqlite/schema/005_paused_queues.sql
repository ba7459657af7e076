-- SPDX-License-Identifier: MIT
--
-- Version 5: a queue that was only paused is known, and listed.

UPDATE weir_queue SET known = 1 WHERE paused_at <> 0;
