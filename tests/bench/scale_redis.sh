#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/bench/scale.sh on a redis-server of its own.
top=${abs_top_srcdir:?}
exec sh "$top/tests/harness/with_redis" sh "$top/tests/bench/scale.sh"
