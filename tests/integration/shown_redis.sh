#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What commands show of their tasks while they run, on a redis-server of their own.
top=${abs_top_srcdir:?}
sh "$top/tests/harness/with_redis" sh "$top/tests/integration/shown.sh"
