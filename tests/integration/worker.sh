#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The program weir-worker as a user runs it: its options, modules, commands and what becomes of their tasks.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

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

handler_code='
static weir_outcome handle(weir_context *ctx, const weir_task_info *task, void *arg)
{
    weir_context_set_result(ctx, arg, strlen(arg), NULL);
    return task->payload_len > 0 ? weir_skip_retry(ctx, "no payload wanted") : WEIR_DONE;
}
static int init(weir_mux *mux, const char *options, weir_logger *log, void **state, weir_error *err)
{
    *state = strdup(options ? options : "no options");
    return weir_mux_handle(mux, "mod:", handle, *state, err);
}
static void fini(void *state) { free(state); }
'

help_and_version_are_printed()
{
    run "$weir_worker" --help
    expect_status 0
    expect_out '--concurrency N'
    run "$weir_worker" --version
    expect_status 0
    expect_out 'weir-worker '
}

wrong_options_are_usage_errors()
{
    expect_usage 'nothing to run' "$weir_worker"
    expect_usage 'did you mean --concurrency?' "$weir_worker" --concurency 3
    expect_usage 'unexpected argument "x"' "$weir_worker" --exec t=cat x
    expect_usage 'PATTERN=COMMAND' "$weir_worker" --exec cat
    expect_usage 'PATTERN=COMMAND' "$weir_worker" --exec t=
    expect_usage 'given twice' "$weir_worker" --exec t=cat --exec t=wc
    expect_usage '0 is less than 1' "$weir_worker" --exec t=cat --concurrency 0
    expect_usage 'too large' "$weir_worker" --exec t=cat --concurrency 99999999999
    expect_usage 'not a number' "$weir_worker" --exec t=cat --concurrency many
    expect_usage 'option --lease' "$weir_worker" --exec t=cat --lease 10
    expect_usage 'option --lease: 1ms is out of range (300ms to 8760h)' "$weir_worker" --exec t=cat --lease 1ms
    expect_usage 'option --shutdown-timeout: 8761h is out of range (1ms to 8760h' \
        "$weir_worker" --exec t=cat --shutdown-timeout 8761h
    expect_usage 'option --concurrency: 70000 is out of range (1 to 65536)' \
        "$weir_worker" --exec t=cat --concurrency 70000
    expect_usage 'option --queues: queue' "$weir_worker" --exec t=cat --queues 'a{b}=1'
    expect_usage 'option --queues: queue "a" is given twice' "$weir_worker" --exec t=cat --queues a,b=2,a
    expect_usage 'weight' "$weir_worker" --exec t=cat --queues a=0
    expect_usage 'option --log-level' "$weir_worker" --exec t=cat --log-level loud
    expect_usage 'option --log-format' "$weir_worker" --exec t=cat --log-format xml
    expect_usage 'nosuch' "$weir_worker" --exec t=cat --broker nosuch:x
}

# A supervisor does not start again what another start does not mend; the help of the options mends no file.
mistakes_of_the_file_have_the_status_of_wrong_usage()
{
    unset WEIR_BROKER
    exec_cat='"handlers": {"t": {"exec": "cat"}}'
    while IFS='|' read -r place mistake; do
        echo "{$mistake, $exec_cat}" > "$tmp/w.json"
        for check in '' --check; do
            # shellcheck disable=SC2086
            expect_usage "w.json:$place" "$weir_worker" -c "$tmp/w.json" $check
            ! grep -q 'Try ' "$tmp/err" || fail "$mistake: points at the options"
        done
    done << 'END'
1:12: broker: |"broker": "sqlit:x.db"
1:40: lease: must be from 300ms|"broker": "sqlite::memory:", "lease": "1ms"
1:2: unknown key "leese"|"leese": "1s"
1:6: |lease
1:40: lease: must be from 300ms to 8760h|"broker": "sqlite::memory:", "lease": "8761h"
1:59: heartbeat: 800ms|"broker": "sqlite::memory:", "lease": "1s", "heartbeat": "800ms"
END
    echo "{\"broker\": \"sqlite:$tmp/no/folder.db\", $exec_cat}" > "$tmp/w.json"
    for check in '' --check; do # what another start may find mended
        # shellcheck disable=SC2086
        run "$weir_worker" -c "$tmp/w.json" $check
        expect_status 1
    done
    run "$weir_worker" -c "$tmp/none.json"
    expect_status 1
}

modules_that_cannot_be_used_are_told()
{
    run "$weir_worker" --module "$tmp/none.so"
    expect_status 1
    expect_err "module $tmp/none.so: No such file"
    echo 'no library' > "$tmp/text.so"
    run "$weir_worker" --module "$tmp/text.so"
    expect_status 1
    expect_err "module $tmp/text.so: cannot be loaded"
    module plain 'int answer = 42;'
    run "$weir_worker" --module "$tmp/plain.so"
    expect_status 1
    expect_err 'does not define weir_module_entry'
    module future 'WEIR_MODULE_EXPORT const weir_module weir_module_entry = {.abi = 99, .name = "f"};'
    run "$weir_worker" --module "$tmp/future.so"
    expect_status 1
    expect_err 'interface 99'
    module broken '
static int init(weir_mux *mux, const char *options, weir_logger *log, void **state, weir_error *err)
{
    return weir_error_set(err, WEIR_E_CONFIG, "no mail server");
}
WEIR_MODULE_EXPORT const weir_module weir_module_entry = {.abi = WEIR_MODULE_ABI, .name = "b", .init = init};'
    run "$weir_worker" --module "$tmp/broken.so"
    expect_status 2 # it says itself that it is a mistake of the configuration
    expect_err "module $tmp/broken.so: no mail server"
    module unresolved 'int nowhere(void); int weir_module_entry(void) { return nowhere(); }'
    run "$weir_worker" --module "$tmp/unresolved.so"
    expect_status 1
    expect_err 'nowhere'
    run "$weir_worker" --module libc.so.6
    expect_status 1
    expect_err 'No such file'
}

modules_run_tasks_with_their_options()
{
    module good "#include <stdlib.h>
$handler_code
WEIR_MODULE_EXPORT const weir_module weir_module_entry = {
    .abi = WEIR_MODULE_ABI, .name = \"good\", .init = init, .fini = fini};"
    echo "{\"modules\": [{\"path\": \"$tmp/good.so\", \"options\": {\"a\":1}}]}" > "$tmp/w.json"
    start_worker --config "$tmp/w.json"
    "$weir" task enqueue --type mod:x --id a --retention 1h > /dev/null
    "$weir" task enqueue --type mod:x --id b --payload p > /dev/null
    "$weir" task enqueue --type other --id c > /dev/null
    expect_state a completed
    expect_json '.result == "{\"a\":1}"'
    expect_state b archived
    expect_json '.last_err == "no payload wanted"'
    expect_state c retry
    expect_json '.last_err | contains("other")'
    stop_worker
    expect_equal "$worker_status" 0
    cp "$tmp/good.so" "$tmp/bare.so"
    (cd "$tmp" && run "$weir_worker" --module bare.so --check && [ "$status" -eq 0 ]) || fail 'not found'
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

has_logged()
{
    grep -q -e "$1" "$tmp/worker.log"
}

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

check_prints_what_would_be_served()
{
    run "$weir_worker" --queues critical=6,low --strict --exec 'email:=cat' --concurrency 3 --check
    expect_status 0
    expect_out "$WEIR_BROKER"
    expect_out 'critical, weight 6'
    expect_out 'low, weight 1'
    expect_out 'strict'
    expect_out 'email: = cat'
    echo '{"queues": {"a": 2}, "concurrency": 5, "handlers": {"x": {"exec": ["cat", "-"]}, "y": {"exec": "wc"}}}' \
        > "$tmp/w.json"
    run "$weir_worker" --config "$tmp/w.json" --exec y=cat --concurrency 7 --check
    expect_status 0
    expect_out 'a, weight 2'
    expect_out 'concurrency: 7'
    expect_out 'x = cat -'
    expect_out 'y = cat'
    run "$weir_worker" --broker "sqlite:$tmp/no/folder.db" --exec t=cat --check
    expect_status 1
}

a_check_warns_of_periodic_tasks_that_nobody_here_runs()
{
    cat > "$tmp/w.json" << 'END'
{
    "queues": {"low": 1},
    "periodic": [{"spec": "@daily", "type": "a", "queue": "low"}, {"spec": "@daily", "type": "b", "queue": "high"},
                 {"spec": "@daily", "type": "c"}],
    "handlers": {"a": {"exec": "cat"}}
}
END
    run "$weir_worker" -c "$tmp/w.json" --check
    expect_status 0
    expect_err 'warning: periodic task b goes into queue high, which is not served here'
    expect_err 'warning: periodic task c goes into queue default, which is not served here'
    expect_equal "$(wc -l < "$tmp/err")" 2
    run "$weir_worker" -c "$tmp/w.json" --check --queues low,high,default
    expect_equal "$(cat "$tmp/err")" ''
}

a_check_tells_all_that_is_missing_with_its_place()
{
    mkdir "$tmp/etc"
    module good "#include <stdlib.h>
$handler_code
WEIR_MODULE_EXPORT const weir_module weir_module_entry = {
    .abi = WEIR_MODULE_ABI, .name = \"good\", .init = init, .fini = fini};"
    mv "$tmp/good.so" "$tmp/etc/"
    cat > "$tmp/etc/w.json" << 'END'
{
    "lease": "10s", "heartbeat": "8s",
    "modules": ["good.so",
                {"path": "none.so"}],
    "handlers": {
        "a": {"exec": ["bin/a"]},
        "b": {"exec": "if true"},
        "c": {"exec": "no-such-command --x"},
        "d": {"exec": "A=b cat | wc -l"},
        "e": {"exec": "for i in 1 2; do echo $i; done; $NONE"},
        "f": {"exec": ["/etc/passwd"]},
        "g": {"exec": ["no-such-program"]}
    }
}
END
    run "$weir_worker" --config "$tmp/etc/w.json" --exec 'x=no-such-thing' --check
    expect_status 1
    for problem in "2:34: heartbeat: 8s is more than half" "4:26: module $tmp/etc/none.so: No such file" \
        "6:23: exec handler for \"a\": $tmp/etc/bin/a: No such file" '7:23: exec handler for "b": ' \
        '8:23: exec handler for "c": no-such-command: command not found' \
        '11:23: exec handler for "f": /etc/passwd: not executable' \
        '12:23: exec handler for "g": no-such-program: not found in PATH'; do
        expect_err "weir-worker: $tmp/etc/w.json:$problem"
    done
    expect_err 'weir-worker: exec handler for "x": no-such-thing: command not found'
    expect_equal "$(wc -l < "$tmp/err")" 8
    expect_out "module:      $tmp/etc/good.so (good)"
    expect_out '  handler:   mod:'
    run "$weir_worker" --config "$tmp/etc/w.json" # stops at the first of them
    expect_status 1
    expect_equal "$(wc -l < "$tmp/err")" 1
    run "$weir_worker" --exec t=cat --lease 1ms --check
    expect_status 2
    expect_err 'option --lease: 1ms'
}

the_broker_of_the_configuration_begins_in_its_folder()
{
    unset WEIR_BROKER
    mkdir "$tmp/a b"
    echo '{"broker": "sqlite:x%20y.db", "handlers": {"t": {"exec": "cat"}}}' > "$tmp/a b/w.json"
    (cd "$tmp" && run "$weir" --config 'a b/w.json' task enqueue --type t --id a && [ "$status" -eq 0 ]) ||
        fail 'not enqueued'
    [ -f "$tmp/a b/x y.db" ] || fail 'the file is elsewhere'
    (cd / && run "$weir" --config "$tmp/a b/w.json" task inspect a && [ "$status" -eq 0 ]) || fail 'not found'
    (cd "$tmp/a b" && run "$weir" --config w.json task inspect a && [ "$status" -eq 0 ]) || fail 'not found'
    start_worker --config "$tmp/a b/w.json"
    gone() { ! "$weir" --config "$tmp/a b/w.json" task inspect a; }
    wait_until 20 gone || fail 'the worker looks elsewhere'
    stop_worker
    for url in 'sqlite::memory:' "sqlite:$tmp/abs.db?sync=normal"; do
        echo "{\"broker\": \"$url\"}" > "$tmp/a b/u.json"
        run "$weir_worker" --config "$tmp/a b/u.json" --exec t=cat --check
        expect_status 0
    done
    printf '{"concurrency": 1,\n  "broker": "sqlit:x.db"}' > "$tmp/a b/u.json"
    for program in "$weir_worker --exec t=cat --check" "$weir_worker --exec t=cat" "$weir stats"; do
        # shellcheck disable=SC2086
        run $program --config "$tmp/a b/u.json"
        [ "$status" -ne 0 ] || fail 'accepted'
        expect_err "a b/u.json:2:13: broker: "
        expect_err 'did you mean "sqlite:"?'
    done
    WEIR_BROKER=sqlit:x expect_usage 'WEIR_BROKER: ' "$weir" stats
}

a_command_gets_the_payload_and_gives_the_result()
{
    start_worker --exec 't=tr a-z A-Z'
    enqueue a --payload 'some text'
    expect_state a completed
    expect_json '.result == "SOME TEXT"'
    enqueue none
    expect_state none completed
    expect_json '.result == null'
}

a_command_gets_the_facts_of_the_task()
{
    start_worker --queues low --exec 't=env | grep -e ^WEIR_TASK -e ^TRACEPARENT | sort'
    WEIR_TASK_STRAY=1 enqueue a --queue low --max-retry 3 --header traceparent=00-ab-cd-01 \
        --header X-Tenant.id=acme --deadline 2100-01-01T00:00:00Z --timeout 0
    expect_state a completed
    expect_equal "$(jq -r .result "$tmp/out")" 'TRACEPARENT=00-ab-cd-01
WEIR_TASK_DEADLINE=2100-01-01T00:00:00.000Z
WEIR_TASK_HEADER_TRACEPARENT=00-ab-cd-01
WEIR_TASK_HEADER_X_TENANT_ID=acme
WEIR_TASK_ID=a
WEIR_TASK_MAX_RETRY=3
WEIR_TASK_QUEUE=low
WEIR_TASK_RETRIED=0
WEIR_TASK_SHOW_FD=3
WEIR_TASK_TYPE=t'
}

# outcome ID STATE FILTER COMMAND: what becomes of a task that the command runs.
outcome()
{
    "$weir" task enqueue --type "o:$1" --id "$1" --retention 1h > /dev/null
    "$weir_worker" --exec "o:$1=$4" --log-level off &
    worker=$!
    expect_state "$1" "$2"
    ran="$4"
    expect_json "$3"
    stop_worker
}

the_exit_status_decides()
{
    outcome zero completed '.result == "fine\n"' 'echo fine; echo noise >&2'
    outcome data archived '.last_err == "exit status 65 (bad data): no such user"' \
        'echo no such user >&2; exit 65'
    outcome temp retry '.last_err == "exit status 75 (temporary failure)" and .retried == 1' 'exit 75'
    outcome one retry '.last_err == "exit status 1: first\nsecond"' \
        'echo first >&2; echo second >&2; exit 1'
    outcome signal retry '.last_err | startswith("killed by signal 11 (Segmentation fault")' \
        'kill -SEGV $$'
    outcome none retry '.last_err | startswith("exit status 127 (command not found): ")' \
        'no-such-command-here'
}

programs_without_a_shell_are_run_and_missed()
{
    echo '{"handlers": {"a": {"exec": ["printf", "%s|", "x y", "$HOME"]}, "b": {"exec": ["no-such-program"]},
        "c": {"exec": ["/etc/passwd"]}}}' > "$tmp/w.json"
    start_worker --config "$tmp/w.json"
    for type in a b c; do
        "$weir" task enqueue --type "$type" --id "$type" --retention 1h > /dev/null
    done
    expect_state a completed
    # shellcheck disable=SC2016
    expect_json '.result == "x y|$HOME|"'
    expect_state b retry
    expect_json '.last_err == "cannot execute no-such-program: No such file or directory"'
    expect_state c retry
    expect_json '.last_err == "cannot execute /etc/passwd: Permission denied"'
}

the_end_of_standard_error_is_kept_as_text()
{
    outcome tail retry '(.last_err | length) < 2200 and (.last_err | endswith("line 9999"))' \
        'i=0; while [ $i -lt 10000 ]; do echo "line $i"; i=$((i+1)); done >&2; exit 1'
    outcome bytes retry '.last_err | startswith("exit status 1: a") and endswith("b c")' \
        'printf "a\377\376b\000c\n\n" >&2; exit 1'
    outcome half retry '(.last_err | length) > 500 and (.last_err | contains("\ufffd") | not)' \
        'i=0; while [ $i -lt 3000 ]; do printf "\342\202\254"; i=$((i+1)); done >&2; exit 1'
}

big_and_binary_payloads_pass_through_a_command()
{
    head -c 10000000 /dev/urandom > "$tmp/big"
    sum=$(cksum < "$tmp/big")
    start_worker --concurrency 2 --exec 't=tee /dev/stderr | cksum' --exec 'cat=cat' --log-level info
    enqueue big --payload-file "$tmp/big"
    expect_state big completed
    expect_equal "$(jq -r .result "$tmp/out")" "$sum"
    "$weir" task enqueue --type cat --id cat --retention 1h --payload-file "$tmp/big" > /dev/null
    expect_state cat completed
    jq -r .result_base64 "$tmp/out" | base64 -d > "$tmp/result"
    expect_equal "$(wc -c < "$tmp/result")" 1048576
    head -c 1048576 "$tmp/big" | cmp - "$tmp/result" || fail 'the result changed'
    grep -q 'result cut' "$tmp/worker.log" || fail 'a cut result was not logged'
}

a_command_need_not_read_its_payload()
{
    head -c 10000000 /dev/zero | tr '\000' x > "$tmp/big"
    start_worker --exec 't=head -c 3 | od -An -tx1' --exec 'close=exec <&-; echo closed'
    enqueue head --payload-file "$tmp/big"
    "$weir" task enqueue --type close --id close --retention 1h --payload-file "$tmp/big" > /dev/null
    expect_state head completed
    expect_state close completed
    expect_json '.result == "closed\n"'
    kill -0 "$worker" || fail 'the worker died'
}

# start_hanging SCRIPT: a worker whose command runs the script, which says "hangs" before it hangs for good. On a machine that
# stands still the deadline may come before: then the task is tried again, and the first attempt after one that hung is done at once.
start_hanging()
{
    echo '{"retry": "fixed:50ms"}' > "$tmp/w.json"
    start_worker --config "$tmp/w.json" --exec "t=[ ! -e $tmp/hung ] || exit 0
hangs() { echo \$\$ > $tmp/new; mv $tmp/new $tmp/hung; }
$1"
    enqueue a --timeout 500ms --max-retry 1000
    expect_state a completed
    expect_json '.retried > 0'
    wait_until 10 process_is_gone "$(cat "$tmp/hung")" || fail 'the command survived'
}

the_deadline_ends_the_whole_process_group()
{
    start_hanging "sleep 300 & echo \$! > $tmp/grandchild; hangs; wait"
    expect_json '.last_err | startswith("context deadline exceeded")'
    wait_until 10 process_is_gone "$(cat "$tmp/grandchild")" || fail 'its child survived'
}

a_command_that_ignores_sigterm_is_killed()
{
    start_hanging "trap '' TERM; hangs; while :; do sleep 0.1; done"
    has_logged 'context deadline exceeded, killed by signal 9 (Killed)' || fail 'that it was killed is not told'
}

what_a_command_leaves_behind_does_not_hold_its_task()
{
    start_worker --exec "t=sleep 300 & echo \$! > $tmp/left; echo done"
    enqueue a
    expect_state a completed
    expect_json '.result == "done\n"'
    wait_until 10 process_is_gone "$(cat "$tmp/left")" || fail 'what was left survived'
}

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
    is_listed() { json_is '.[0].active_workers | length == 1' "$weir" server ls --json; }
    wait_until 10 is_listed || fail 'it is not listed'
    run "$weir" server ls --json
    expect_json "length == 1 and .[0].pid == $worker and .[0].concurrency == 4"
    expect_json '.[0].queues == {"default": 3, "low": 1} and .[0].status == "active"'
    expect_json '.[0].active_workers[0] | .task_id == "a" and .task_payload == "hello"'
    run "$weir" server ls
    expect_out '1/4'
    run "$weir" task ls --state active --json
    expect_json 'length == 1 and .[0].is_orphaned == false'
    stop_worker KILL
}

open_files()
{
    find "/proc/$worker/fd" -mindepth 1 | wc -l
}

nothing_is_leaked_by_many_commands()
{
    [ -d "/proc/$$/fd" ] || return
    start_worker --concurrency 4 --exec 't=cat; test $WEIR_TASK_RETRIED = 0' --log-level info
    enqueue first --payload x
    expect_state first completed
    before=$(open_files)
    awk 'BEGIN { for (i = 0; i < 200; i++) print "{\"type\":\"t\",\"payload\":{\"n\":1}}" }' |
        "$weir" task enqueue --from-jsonl - > /dev/null
    is_empty() { json_is '.pending + .active == 0' "$weir" stats --json; }
    wait_until 60 is_empty || fail 'not all were run'
    after=$(open_files)
    [ "$after" -le $((before + 2)) ] || fail "$before open files became $after"
    children=$(cat "/proc/$worker"/task/*/children 2> /dev/null)
    [ -z "$children" ] || fail "children are left: $children"
}

run_tests \
    help_and_version_are_printed \
    wrong_options_are_usage_errors \
    mistakes_of_the_file_have_the_status_of_wrong_usage \
    modules_that_cannot_be_used_are_told \
    modules_run_tasks_with_their_options \
    a_worker_whose_slots_all_hang_ends_unless_told_not_to \
    a_handler_that_hangs_in_stdio_does_not_keep_the_worker \
    a_thread_that_a_module_starts_takes_no_signals \
    SIGHUP_reads_the_configuration_again \
    SIGHUP_tells_only_what_changed SIGHUP_changes_the_policies_of_groups \
    SIGHUP_names_the_periodic_tasks_and_policies_that_changed \
    a_wrong_configuration_changes_nothing_when_it_is_reloaded \
    what_cannot_change_is_told_when_it_is_reloaded \
    check_prints_what_would_be_served \
    a_check_warns_of_periodic_tasks_that_nobody_here_runs \
    a_check_tells_all_that_is_missing_with_its_place \
    the_broker_of_the_configuration_begins_in_its_folder \
    a_command_gets_the_payload_and_gives_the_result \
    a_command_gets_the_facts_of_the_task \
    the_exit_status_decides \
    programs_without_a_shell_are_run_and_missed \
    the_end_of_standard_error_is_kept_as_text \
    big_and_binary_payloads_pass_through_a_command \
    a_command_need_not_read_its_payload \
    the_deadline_ends_the_whole_process_group \
    a_command_that_ignores_sigterm_is_killed \
    what_a_command_leaves_behind_does_not_hold_its_task \
    a_graceful_stop_waits_for_the_command \
    a_stop_puts_a_running_task_back \
    a_killed_worker_takes_its_command_along_and_its_task_is_recovered \
    quiet_takes_no_more_tasks \
    a_worker_is_listed_with_what_it_runs \
    nothing_is_leaked_by_many_commands
