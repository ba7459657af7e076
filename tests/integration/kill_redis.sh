#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Workers and producers killed at random moments, on a redis-server of their own (WEIR_KILL_ROUNDS).
top=${abs_top_srcdir:?}
sh "$top/tests/harness/with_redis" sh "$top/tests/harness/run" "${abs_top_builddir:?}/tests/integration/kill"
