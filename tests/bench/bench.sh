#!/bin/sh
# SPDX-License-Identifier: MIT
#
# weir-bench as a user runs it, with small numbers: every scenario gives the figures that its page promises, nothing is
# left behind, and what it was told wrongly it refuses.
# shellcheck source=tests/integration/lib.sh
. "${abs_top_srcdir:-$(dirname "$0")/../..}/tests/integration/lib.sh"

bench=$build/bench/weir-bench

# measure SCENARIO FILTER [OPTION...]: one run each whose figures satisfy the filter of jq.
measure()
{
    scenario=$1
    filter=$2
    shift 2
    run "$source/tests/harness/run" "$bench" --broker "$WEIR_BROKER" --json --runs 2 "$@" "$scenario"
    expect_status 0
    expect_json ".scenario == \"$scenario\" and (.figures | ($filter) and all(.[]; .runs | length == 2))"
    no_queue_is_left
}

no_queue_is_left()
{
    run "$weir" --broker "$WEIR_BROKER" --json queue ls
    expect_status 0
    expect_json 'map(select(.queue | startswith("weir-bench-"))) == []'
}

rates='.tasks_per_s.median > 0 and .own_cpu_us.median > 0 and .peak_mb.median > 0'
calls='.call_p50_ms.median > 0 and .call_max_ms.max >= .call_p50_ms.max'

rates_of_producers_are_measured()
{
    measure enqueue "$rates and $calls" -n 50
    measure enqueue "$rates and $calls" -n 500 --batch 30 --producers 3 --backlog 100
}

rates_of_a_worker_are_measured()
{
    measure process "$rates" -n 500 -c 2
    measure process "$rates" -n 200 --backlog 300 --payload 1000
}

both_at_once_are_measured()
{
    measure e2e "$rates and .wait_p50_ms.median > 0 and .enqueued_per_s.median > 0" -n 300 -p 2 --batch 10
}

an_idle_worker_is_measured()
{
    measure latency "$calls and .pickup_p50_ms.median > 0" -n 20
    measure scheduled '.late_p50_ms.median > 0 and .early.max == 0' -n 20 --backlog 50
    measure idle '.resident_mb.median > 0 and .wakeups_per_s.median >= 0' --seconds 1
}

shares_are_measured()
{
    measure fairness "$rates and .shares_off_pp.max < 2" -n 5000
}

the_cpu_of_a_redis_is_found_by_itself()
{
    case $WEIR_BROKER in
        redis*) measure process '.server_cpu_us.median > 0' -n 200 ;;
        *) measure process '.server_cpu_us == null' -n 200 ;;
    esac
}

wrong_usage_is_refused()
{
    expect_usage 'name one scenario' "$bench" --broker "$WEIR_BROKER"
    expect_usage 'no scenario "speed"' "$bench" --broker "$WEIR_BROKER" speed
    expect_usage '--broker is missing' "$bench" process
    expect_usage 'at least 8' "$bench" --broker "$WEIR_BROKER" --payload 7 process
    expect_usage 'has no backlog' "$bench" --broker "$WEIR_BROKER" --backlog 1 e2e
    for scenario in latency scheduled idle; do # the other process would wait for ever
        expect_usage 'worker in another process' "$bench" --broker sqlite::memory: $scenario
    done
}

a_stopped_run_leaves_nothing_behind()
{
    "$bench" --broker "$WEIR_BROKER" --seconds 600 idle > "$tmp/out" 2> "$tmp/err" &
    pid=$!
    wait_until 20 a_queue_is_there || fail "no queue of weir-bench's was seen"
    kill -TERM $pid
    wait $pid
    expect_equal $? 1
    no_queue_is_left
}

a_queue_is_there()
{
    "$weir" --broker "$WEIR_BROKER" queue ls 2> /dev/null | grep -q weir-bench-
}

run_tests rates_of_producers_are_measured rates_of_a_worker_are_measured both_at_once_are_measured \
    an_idle_worker_is_measured shares_are_measured the_cpu_of_a_redis_is_found_by_itself \
    wrong_usage_is_refused a_stopped_run_leaves_nothing_behind
