#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A worker that is killed with tasks that it took ahead, on a redis-server of its own.
top=${abs_top_srcdir:?}
sh "$top/tests/harness/with_redis" sh "$top/tests/harness/run" "${abs_top_builddir:?}/tests/integration/ahead"
