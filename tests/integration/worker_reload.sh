#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What weir-worker does when SIGHUP makes it read its configuration again: what changes at once, what is told, and what cannot change.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

serves()
{
    json_is "$1" "$weir" server ls --json
}

SIGHUP_reads_the_configuration_again()
{
    echo '{"queues": {"a": 1}, "concurrency": 1, "log": {"level": "info"}, "handlers": {"t": {"exec": "cat"}}}' > "$tmp/w.json"
    start_worker --config "$tmp/w.json"
    wait_until 20 serves '.[0].concurrency == 1' || fail 'it did not start'
    enqueue early --queue b
    echo '{"queues": {"a": 1, "b": 5}, "concurrency": 3, "strict_priority": true, "retry": "fixed:1h",
           "handlers": {"t": {"exec": "cat"}}}' > "$tmp/w.json"
    kill -HUP "$worker"
    wait_until 20 has_logged 'configuration reloaded' || fail 'it did not reload'
    wait_until 20 serves '.[0].concurrency == 3' || fail 'concurrency'
    wait_until 20 in_queue b early completed || fail 'queue b is not served'
    ! has_logged 'cannot change' || fail 'nothing of that was changed'
    stop_worker
    expect_equal "$worker_status" 0
}

# reloads N: the N-th reload is ordered and done.
reloads()
{
    kill -HUP "$worker"
    wait_until 20 has_reloaded "$1" || fail "reload $1"
}

has_reloaded()
{
    [ "$(grep -c 'configuration reloaded' "$tmp/worker.log")" -eq "$1" ]
}

SIGHUP_tells_only_what_changed()
{
    handlers='"handlers": {"t": {"exec": "cat"}}'
    echo "{\"queues\": {\"a\": 1}, \"concurrency\": 1, $handlers}" > "$tmp/w.json"
    start_worker --config "$tmp/w.json"
    wait_until 20 serves '.[0].concurrency == 1' || fail 'it did not start'
    reloads 1
    ! has_logged 'other queues\|another concurrency' || fail 'nothing was changed'
    echo "{\"queues\": {\"a\": 1}, \"concurrency\": 2, $handlers}" > "$tmp/w.json"
    reloads 2
    ! has_logged 'other queues' || fail 'queues were not changed'
    echo "{\"queues\": {\"a\": 2}, \"concurrency\": 2, $handlers}" > "$tmp/w.json"
    reloads 3
    echo "{\"queues\": {\"a\": 1}, \"concurrency\": 1, $handlers}" > "$tmp/w.json" # as at the start
    reloads 4
    expect_equal "$(grep -c 'other queues' "$tmp/worker.log")" 2
    expect_equal "$(grep -c 'another concurrency' "$tmp/worker.log")" 2
    ! has_logged 'periodic tasks\|policies' || fail 'none of them was changed'
    stop_worker
    expect_equal "$worker_status" 0
}

SIGHUP_names_the_periodic_tasks_and_policies_that_changed()
{
    handlers='"handlers": {"t": {"exec": "cat"}}'
    one='{"spec": "@yearly", "type": "t", "id": "one"}'
    two='{"spec": "@yearly", "type": "t", "id": "two"}'
    echo "{\"periodic\": [$one, $two], $handlers}" > "$tmp/w.json"
    start_worker --config "$tmp/w.json"
    wait_until 20 serves 'length == 1' || fail 'it did not start'
    echo "{\"periodic\": [$two, $one], \"retry\": \"fixed:1h\", $handlers}" > "$tmp/w.json"
    reloads 1
    has_logged 'other retry policies' || fail 'retry policies'
    ! has_logged 'periodic tasks \(added\|changed\|removed\)\|policies of groups' || fail 'those were not changed'
    one='{"spec": "@yearly", "type": "t", "id": "one", "payload": 1}'
    two='{"spec": "@yearly", "type": "t", "id": "three"}'
    echo "{\"periodic\": [$one, $two], \"retry\": \"fixed:1h\", \"groups\": {\"grace\": \"2m\"}, $handlers}" > "$tmp/w.json"
    reloads 2
    has_logged 'policies of groups' || fail 'policies of groups'
    has_logged 'periodic tasks added.*tasks=1 entries=three' || fail 'added'
    has_logged 'periodic tasks removed.*tasks=1 entries=two' || fail 'removed'
    has_logged 'periodic tasks changed.*tasks=1 entries=one' || fail 'changed'
    expect_equal "$(grep -c 'other retry policies' "$tmp/worker.log")" 1
    stop_worker
    expect_equal "$worker_status" 0
}

SIGHUP_changes_the_policies_of_groups()
{
    module join '#include <stdio.h>
#include <weir/group.h>
static weir_outcome sum(weir_context *ctx, const weir_task_info *task, void *arg) { return WEIR_DONE; }
static int unite(const weir_group *group, weir_task *task, void *arg, weir_error *err)
{ task->type = "sum"; task->id = "sum"; task->retention_ms = 3600000; return 0; }
static int init(weir_mux *mux, const char *options, weir_logger *log, void **state, weir_error *err)
{ int rc = weir_mux_handle(mux, "sum", sum, NULL, err);
  return rc != 0 ? rc : weir_mux_aggregate(mux, "part", unite, NULL, err); }
WEIR_MODULE_EXPORT const weir_module weir_module_entry = {
    .abi = WEIR_MODULE_ABI, .name = "join", .init = init};'
    echo "{\"modules\": [\"$tmp/join.so\"], \"groups\": {\"grace\": \"1h\"}}" > "$tmp/w.json"
    start_worker --config "$tmp/w.json"
    "$weir" task enqueue --type part --id a --group g > /dev/null
    "$weir" task enqueue --type part --id b --group g > /dev/null
    wait_until 20 serves 'length == 1' || fail 'it did not start'
    expect_state a aggregating
    echo "{\"modules\": [\"$tmp/join.so\"], \"groups\": {\"grace\": \"1h\", \"types\": {\"part\": {\"max_size\": 2}}}}" \
        > "$tmp/w.json"
    kill -HUP "$worker"
    wait_until 20 has_logged 'configuration reloaded' || fail 'it did not reload'
    expect_state sum completed
    ! has_logged 'cannot change' || fail 'nothing of that was changed'
    stop_worker
    expect_equal "$worker_status" 0
}

in_queue()
{
    json_is ".state == \"$3\"" "$weir" task inspect --queue "$1" "$2" --json
}

a_wrong_configuration_changes_nothing_when_it_is_reloaded()
{
    echo '{"handlers": {"t": {"exec": "cat"}}}' > "$tmp/w.json"
    start_worker --config "$tmp/w.json"
    enqueue a
    expect_state a completed
    printf '{"handlers": {"t": {"exec": "cat"}},\n  "concurency": 3}' > "$tmp/w.json"
    kill -HUP "$worker"
    wait_until 20 has_logged 'not reloaded.*w.json:2:3' || fail 'its place is not told'
    echo 'none' > "$tmp/w.json"
    kill -HUP "$worker"
    wait_until 20 has_logged 'not reloaded.*w.json:1' || fail 'its place is not told'
    enqueue b
    expect_state b completed
    stop_worker
    expect_equal "$worker_status" 0
}

what_cannot_change_is_told_when_it_is_reloaded()
{
    echo '{"lease": "5s", "handlers": {"t": {"exec": "cat"}}}' > "$tmp/w.json"
    start_worker --config "$tmp/w.json"
    enqueue a
    expect_state a completed
    echo '{"lease": "9s", "handlers": {"t": {"exec": "wc"}, "u": {"exec": ["cat"]}}}' > "$tmp/w.json"
    kill -HUP "$worker"
    wait_until 20 has_logged 'cannot change.*lease' || fail 'lease'
    has_logged 'cannot change.*handlers' || fail 'handlers'
    ! has_logged 'cannot change.*broker' || fail 'broker'
    stop_worker
}

run_tests \
    SIGHUP_reads_the_configuration_again \
    SIGHUP_tells_only_what_changed \
    SIGHUP_names_the_periodic_tasks_and_policies_that_changed \
    SIGHUP_changes_the_policies_of_groups \
    a_wrong_configuration_changes_nothing_when_it_is_reloaded \
    what_cannot_change_is_told_when_it_is_reloaded
