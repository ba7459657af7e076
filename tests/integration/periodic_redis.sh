#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The programs' periodic tasks on a redis-server of their own (WEIR_TICK_SECONDS).
top=${abs_top_srcdir:?}
sh "$top/tests/harness/with_redis" sh "$top/tests/integration/periodic.sh"
