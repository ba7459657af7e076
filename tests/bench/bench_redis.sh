#!/bin/sh
# SPDX-License-Identifier: MIT
#
# weir-bench on a redis-server of its own.
exec sh "$abs_top_srcdir/tests/harness/with_redis" sh "$abs_top_srcdir/tests/bench/bench.sh"
