#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The tests of the testing mode, on Redis.
# shellcheck disable=SC2016 # the inner shell expands it
exec "$abs_top_srcdir/tests/harness/with_redis" sh -c \
    'WEIR_TESTING_URL=$WEIR_TEST_BROKER exec sh "$abs_top_srcdir/tests/harness/run" "$abs_top_builddir/tests/integration/testing"'
