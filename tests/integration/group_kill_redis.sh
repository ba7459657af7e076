#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Servers killed at each step of aggregation, on a redis-server of their own.
top=${abs_top_srcdir:?}
sh "$top/tests/harness/with_redis" sh "$top/tests/harness/run" "${abs_top_builddir:?}/tests/integration/group_kill"
