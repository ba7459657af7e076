#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/bench/compare works: with small numbers it measures weir on all its brokers, and beanstalkd where it is installed,
# and no figure of its table is missing.
top=${abs_top_srcdir:?} build=${abs_top_builddir:?}
for program in bash jq redis-server redis-cli; do
    command -v $program > /dev/null || { echo "skipped: $program is not installed"; exit 77; }
done
[ "${WEIR_WITH_SQLITE:-yes}" = yes ] || { echo "skipped: built without SQLite"; exit 77; }

table=$(mktemp "${TMPDIR:-/tmp}/weir-table.XXXXXX") || exit 1
trap 'rm -f "$table"' EXIT
bash "$top/tests/bench/compare" --build "$build" --runs 1 --scale 1 \
    --only weir --only beanstalkd > "$table" || exit 1
failed=0
if grep -n 'not measured' "$table"; then
    failed=1
fi
if command -v beanstalkd > /dev/null && [ "$(grep -c 'beanstalkd [0-9]' "$table")" -lt 5 ]; then
    echo "beanstalkd is not in the table:"
    cat "$table"
    failed=1
fi
echo "$(grep -c '^| [A-Z]' "$table") figures looked at"
exit $failed
