#!/bin/sh
# SPDX-License-Identifier: MIT
#
# weir-bench on a redis-server of its own.
top=${abs_top_srcdir:?}
exec sh "$top/tests/harness/with_redis" sh "$top/tests/bench/bench.sh"
