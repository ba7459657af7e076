#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A worker that stands still, on a redis-server of its own (WEIR_STALL_ROUNDS).
top=${abs_top_srcdir:?}
sh "$top/tests/harness/with_redis" sh "$top/tests/harness/run" "${abs_top_builddir:?}/tests/integration/stall"
