#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Two workers and two producers on a redis-server of their own (WEIR_CROWD_SECONDS).
top=${abs_top_srcdir:?}
sh "$top/tests/harness/with_redis" sh "$top/tests/harness/run" "${abs_top_builddir:?}/tests/integration/crowd"
