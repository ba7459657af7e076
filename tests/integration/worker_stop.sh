#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How weir-worker ends, by signals, by SIGKILL and by handlers that hang, and what becomes of the tasks that it had.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

a_graceful_stop_waits_for_the_command()
{
    start_worker --exec "t=touch $tmp/started; sleep 1; echo finished"
    enqueue a
    wait_until 10 [ -e "$tmp/started" ] || fail 'it never started'
    stop_worker
    expect_equal "$worker_status" 0
    expect_state a completed
}

a_stop_puts_a_running_task_back()
{
    start_worker --shutdown-timeout 200ms --exec "t=echo \$\$ > $tmp/pid.\$WEIR_TASK_ID; sleep 300"
    enqueue a
    enqueue b
    wait_until 10 [ -s "$tmp/pid.a" ] || fail 'it never started'
    stop_worker
    process_is_gone "$(cat "$tmp/pid.a")" || fail 'the command survived'
    has_logged 'DEBUG task begins queue=default id=a type=t' || fail 'the begin of the task is not logged'
    has_logged 'DEBUG task ends queue=default id=a type=t outcome=' || fail 'the end of the task is not logged'
    has_logged 'server stopped given_back=[12] ' || fail 'the log does not count what went back'
    run "$weir" task ls --json
    expect_json 'sort_by(.id) | map([.id, .state, .retried]) == [["a", "pending", 0], ["b", "pending", 0]]'
    start_worker --exec 't=echo again'
    expect_state a completed
    expect_json '.result == "again\n"'
}

a_killed_worker_takes_its_command_along_and_its_task_is_recovered()
{
    start_worker --lease 1s --exec "t=echo \$\$ > $tmp/pid; exec sleep 300"
    enqueue a
    wait_until 10 [ -s "$tmp/pid" ] || fail 'it never started'
    stop_worker KILL
    wait_until 10 process_is_gone "$(cat "$tmp/pid")" || fail 'the command survived'
    is_orphaned() { "$weir" task ls --state active | grep -q 'active (orphaned)'; }
    wait_until 20 is_orphaned || fail 'the orphan is not told'
    start_worker --lease 1s --exec 't=echo again'
    expect_state a retry
    expect_json '.retried == 1'
}

quiet_takes_no_more_tasks()
{
    start_worker --exec 't=cat'
    enqueue a
    expect_state a completed
    kill -TSTP "$worker"
    is_quiet() { json_is '.[0].status == "stopped"' "$weir" server ls --json; }
    wait_until 10 is_quiet || fail 'it did not become quiet'
    enqueue b
    run "$weir" server ls
    expect_out 'stopped'
    has_state b pending || fail 'it took a task'
    stop_worker
    expect_equal "$worker_status" 0
}

a_worker_is_listed_with_what_it_runs()
{
    echo '{"lease": "30s", "heartbeat": "300ms"}' > "$tmp/w.json"
    start_worker --config "$tmp/w.json" --queues default=3,low --concurrency 4 --exec "t=touch $tmp/started; sleep 300"
    enqueue a --payload hello
    wait_until 10 [ -e "$tmp/started" ] || fail 'it never started'
    # A worker that stands still for some heartbeats is not listed until it goes on.
    is_listed()
    {
        json_is "length == 1 and .[0].pid == $worker and .[0].concurrency == 4 and .[0].status == \"active\" and
            .[0].queues == {\"default\": 3, \"low\": 1} and (.[0].active_workers | length) == 1 and
            (.[0].active_workers[0] | .task_id == \"a\" and .task_payload == \"hello\")" "$weir" server ls --json
    }
    wait_until 10 is_listed || fail "it is not listed so: $("$weir" server ls --json)"
    shows_slots() { "$weir" server ls | grep -qF '1/4'; }
    wait_until 10 shows_slots || fail "its slots are not shown: $("$weir" server ls)"
    run "$weir" task ls --state active --json
    expect_json 'length == 1 and .[0].is_orphaned == false'
    stop_worker KILL
}

a_worker_whose_slots_all_hang_ends_unless_told_not_to()
{
    module hang '#include <unistd.h>
static weir_outcome hang(weir_context *ctx, const weir_task_info *task, void *arg) { for (;;) pause(); }
static int init(weir_mux *mux, const char *options, weir_logger *log, void **state, weir_error *err)
{
    return weir_mux_handle(mux, "hang", hang, NULL, err);
}
static void fini(void *state) { _exit(9); }
WEIR_MODULE_EXPORT const weir_module weir_module_entry = {
    .abi = WEIR_MODULE_ABI, .name = "hang", .init = init, .fini = fini};'
    # None of them comes back to hang in the place of the next.
    echo '{"cancel_grace": "100ms", "concurrency": 1, "retry": "fixed:1h"}' > "$tmp/w.json"
    "$weir" task enqueue --type hang --id a --timeout 200ms > /dev/null
    start_worker --config "$tmp/w.json" --module "$tmp/hang.so"
    wait_until 20 process_is_gone "$worker" || fail 'it did not end'
    stop_worker
    expect_equal "$worker_status" 1
    expect_state a retry
    "$weir" task enqueue --type hang --id b --timeout 200ms > /dev/null
    start_worker --config "$tmp/w.json" --module "$tmp/hang.so" --keep-when-stuck --shutdown-timeout 0
    expect_state b retry
    kill -0 "$worker" || fail 'it ended'
    stop_worker
    expect_equal "$worker_status" 1
    echo '{"cancel_grace": "100ms", "concurrency": 1, "retry": "fixed:1h", "exit_when_stuck": false}' > "$tmp/w.json"
    "$weir" task enqueue --type hang --id c --timeout 200ms > /dev/null
    start_worker --config "$tmp/w.json" --module "$tmp/hang.so" --shutdown-timeout 0
    expect_state c retry
    kill -0 "$worker" || fail 'it ended although the configuration says otherwise'
    stop_worker
}

# A handler that hangs in stdio holds the lock of its FILE.
a_handler_that_hangs_in_stdio_does_not_keep_the_worker()
{
    module reads '
static weir_outcome handle(weir_context *ctx, const weir_task_info *task, void *arg)
{
    FILE *command = popen("echo $$ > '"$tmp"'/started; exec sleep 300", "r");
    char line[80];
    while (fgets(line, sizeof line, command) != NULL) { }
    return WEIR_DONE;
}
static int init(weir_mux *mux, const char *options, weir_logger *log, void **state, weir_error *err)
{
    return weir_mux_handle(mux, "t", handle, NULL, err);
}
WEIR_MODULE_EXPORT const weir_module weir_module_entry = {.abi = WEIR_MODULE_ABI, .name = "r", .init = init};'
    start_worker --module "$tmp/reads.so" --shutdown-timeout 0
    enqueue a
    wait_until 10 [ -s "$tmp/started" ] || fail 'it never started'
    kill -TERM "$worker"
    wait_until 20 process_is_gone "$worker" || fail 'the worker does not end'
    stop_worker KILL
    kill -KILL "$(cat "$tmp/started")" # it has the thread's signals blocked
    expect_equal "$worker_status" 1
    has_state a pending || fail 'the task did not go back'
}

# A signal to the worker goes to whatever thread does not block it.
a_thread_that_a_module_starts_takes_no_signals()
{
    module threads '#include <pthread.h>
#include <unistd.h>
static void *idle(void *arg) { for (;;) pause(); return arg; }
static weir_outcome handle(weir_context *ctx, const weir_task_info *task, void *arg) { return WEIR_DONE; }
static int init(weir_mux *mux, const char *options, weir_logger *log, void **state, weir_error *err)
{
    pthread_t thread;
    pthread_create(&thread, NULL, idle, NULL);
    return weir_mux_handle(mux, "t", handle, NULL, err);
}
WEIR_MODULE_EXPORT const weir_module weir_module_entry = {.abi = WEIR_MODULE_ABI, .name = "p", .init = init};'
    start_worker --module "$tmp/threads.so"
    enqueue a
    expect_state a completed
    stop_worker
    expect_equal "$worker_status" 0
    start_worker --module "$tmp/threads.so"
    enqueue b
    expect_state b completed
    kill -TSTP "$worker"
    is_quiet() { json_is '.[0].status == "stopped"' "$weir" server ls --json; }
    wait_until 10 is_quiet || fail 'it did not become quiet'
    stop_worker
    expect_equal "$worker_status" 0
}

run_tests \
    a_graceful_stop_waits_for_the_command \
    a_stop_puts_a_running_task_back \
    a_killed_worker_takes_its_command_along_and_its_task_is_recovered \
    quiet_takes_no_more_tasks \
    a_worker_is_listed_with_what_it_runs \
    a_worker_whose_slots_all_hang_ends_unless_told_not_to \
    a_handler_that_hangs_in_stdio_does_not_keep_the_worker \
    a_thread_that_a_module_starts_takes_no_signals
