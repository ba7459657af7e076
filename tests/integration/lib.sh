# SPDX-License-Identifier: MIT
#
# For the integration scripts to source: a temporary folder, assertions, background workers that are always stopped,
# and waiting for a condition with a deadline. A script defines functions whose names are sentences and ends with
# "run_tests NAME..."; a failed expectation fails its test, and the test goes on.
# shellcheck shell=sh

[ "${WEIR_WITH_SQLITE:-yes}" = yes ] || [ -n "${WEIR_TEST_BROKER:-}" ] || { echo "skipped: built without SQLite"; exit 77; }
command -v jq > /dev/null || { echo "skipped: jq is not installed"; exit 77; }

build=${abs_top_builddir:-$(pwd)}
source=${abs_top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
weir=$build/cli/weir
weir_worker=$build/worker/program/weir-worker

unset WEIR_BROKER WEIR_CONFIG
base=$(mktemp -d "${TMPDIR:-/tmp}/weir-test.XXXXXX") || exit 1
tmp=$base
worker=
failures=0

cleanup()
{
    stop_worker KILL > /dev/null 2>&1
    rm -rf "$base"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

fail()
{
    echo "  $*"
    failed=1
}

# run PROGRAM [ARGUMENT...]: leaves its exit status in $status, its output in $tmp/out and $tmp/err.
run()
{
    ran="$*"
    "$@" > "$tmp/out" 2> "$tmp/err" < /dev/null
    status=$?
    expect_clean "$tmp/err"
}

# What a sanitizer has to say is never fine.
expect_clean()
{
    ! grep -qE 'Sanitizer|runtime error:' "$1" || fail "$(head -c 3000 "$1")"
}

expect_status()
{
    [ "$status" -eq "$1" ] || fail "$ran: exit status $status, not $1: $(head -c 500 "$tmp/err")"
}

# expect_out TEXT, expect_err TEXT: the output has this text in one line.
expect_out()
{
    grep -qF -e "$1" "$tmp/out" ||
        fail "$ran (exit status $status): no \"$1\" in: $(head -c 500 "$tmp/out") $(head -c 500 "$tmp/err")"
}

expect_err()
{
    grep -qF -e "$1" "$tmp/err" || fail "$ran: no \"$1\" in: $(head -c 500 "$tmp/err")"
}

# expect_json FILTER: the output is one JSON document of which the filter of jq is true.
expect_json()
{
    jq -se "length == 1 and (.[0] | $1)" "$tmp/out" > /dev/null 2>&1 ||
        fail "$ran: not $1: $(head -c 800 "$tmp/out")"
}

expect_equal()
{
    [ "$1" = "$2" ] || fail "\"$1\" is not \"$2\""
}

# expect_usage TEXT PROGRAM [ARGUMENT...]: it refuses its arguments and says why.
expect_usage()
{
    text=$1
    shift
    run "$@"
    expect_status 2
    expect_err "$text"
}

# expect_json_error STATUS NAME FILTER ARGUMENT...: the command prints nothing, and this error as one line of JSON.
expect_json_error()
{
    expected=$1
    name=$2
    filter=$3
    shift 3
    run "$weir" "$@"
    expect_status "$expected"
    [ ! -s "$tmp/out" ] || fail "$ran: printed $(head -c 200 "$tmp/out")"
    jq -se "length == 1 and (.[0].error | .name == \"$name\" and .code < 0 and ($filter))" \
        "$tmp/err" > /dev/null 2>&1 || fail "$ran: not $name, $filter: $(head -c 400 "$tmp/err")"
}

# wait_until SECONDS COMMAND...: until the command succeeds; false when the time is over.
wait_until()
{
    tries=$(($1 * 20))
    shift
    until "$@" > /dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}

# Every test has a folder and a broker of its own; on the server of WEIR_TEST_BROKER, a prefix of its own.
begin_test()
{
    failed=0
    tmp=$base/$1
    mkdir "$tmp"
    XDG_DATA_HOME=$tmp/data
    WEIR_BROKER=${WEIR_TEST_BROKER:+$WEIR_TEST_BROKER?prefix=$1:}
    WEIR_BROKER=${WEIR_BROKER:-sqlite:$tmp/weir.db}
    export XDG_DATA_HOME WEIR_BROKER
}

# start_worker [ARGUMENT...]: in the background, its log in $tmp/worker.log.
start_worker()
{
    : > "$tmp/worker.log" # here: in the background it is emptied some time later
    "$weir_worker" --log-level debug "$@" > "$tmp/worker.out" 2>> "$tmp/worker.log" < /dev/null &
    worker=$!
}

# stop_worker [SIGNAL]: leaves its exit status in $worker_status.
stop_worker()
{
    [ -n "$worker" ] || return 0
    kill "-${1:-TERM}" "$worker" 2> /dev/null
    { wait "$worker"; } 2> /dev/null
    # shellcheck disable=SC2034
    worker_status=$?
    worker=
    [ ! -f "$tmp/worker.log" ] || expect_clean "$tmp/worker.log"
}

# json_is FILTER COMMAND...: what the command prints is JSON of which the filter of jq is true. To jq 1.6 nothing at all is true.
json_is()
{
    filter=$1
    shift
    json=$("$@") && [ -n "$json" ] && printf '%s\n' "$json" | jq -e "$filter" > /dev/null
}

has_state()
{
    json_is ".state == \"$2\"" "$weir" task inspect "$1" --json
}

# expect_state ID STATE: the task comes into the state within some seconds; it is then in $tmp/out.
expect_state()
{
    wait_until 20 has_state "$1" "$2" || fail "task $1 did not become $2"
    run "$weir" task inspect "$1" --json
}

is_gone()
{
    ! "$weir" task inspect "$1" > /dev/null 2>&1
}

process_is_gone()
{
    [ -n "$1" ] || return 1
    state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2> /dev/null)
    [ -z "$state" ] || [ "$state" = Z ]
}

# enqueue ID [OPTION...]
enqueue()
{
    id=$1
    shift
    "$weir" task enqueue --type t --id "$id" --retention 1h "$@" > /dev/null || fail "no task $id"
}

# module NAME BODY: compiles a module into $tmp/NAME.so.
module()
{
    printf '#include <weir.h>\n#include <string.h>\n%s\n' "$2" > "$tmp/$1.c"
    ${WEIR_CC:-cc} -std=gnu11 -shared -fPIC -I"$source/lib/include" -o "$tmp/$1.so" "$tmp/$1.c" ||
        fail "$1.c does not compile"
}

has_logged()
{
    grep -q -e "$1" "$tmp/worker.log"
}

run_tests()
{
    for name in "$@"; do
        begin_test "$name"
        "$name"
        [ -z "$worker" ] || stop_worker
        if [ "$failed" -ne 0 ]; then
            echo "FAIL $name"
            failures=$((failures + 1))
        fi
    done
    echo "$(basename "$0"): $# tests, $failures failed"
    [ "$failures" -eq 0 ]
}
