#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What weir-worker is told to do: its options, its configuration, its modules, and what --check says of them.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

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

a_broker_that_cannot_be_opened_is_told_with_its_place()
{
    echo 'no database at all, only text' > "$tmp/g.db"
    for url in redis://:hunter2@127.0.0.1:1 sqlite:g.db "sqlite:$tmp/none/x.db"; do
        printf '{"handlers": {"t": {"exec": "cat"}},\n  "broker": "%s"}' "$url" > "$tmp/b.json"
        run env -u WEIR_BROKER "$weir_worker" --config "$tmp/b.json" --check
        expect_status 1
        expect_err "$tmp/b.json:2:13: broker: "
        expect_equal "$(wc -l < "$tmp/err")" 1
        expect_out 'broker:      '
        expect_out "(from $tmp/b.json:2:13)"
        ! grep -q 'hunter2\|no such file yet' "$tmp/out" || fail "$url: $(cat "$tmp/out")"
    done
    expect_out "sqlite:$tmp/none/x.db (cannot be made)"
    run env WEIR_BROKER=redis://127.0.0.1:1 "$weir_worker" --config "$tmp/b.json" --check
    expect_status 1
    expect_err 'WEIR_BROKER: '
    expect_out 'broker:      redis: (cannot be opened) (from WEIR_BROKER)'
    run "$weir_worker" --config "$tmp/b.json" --broker sqlite::memory: --check
    expect_status 0
    expect_out 'broker:      sqlite::memory: (from --broker)'
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

run_tests \
    help_and_version_are_printed \
    wrong_options_are_usage_errors \
    mistakes_of_the_file_have_the_status_of_wrong_usage \
    check_prints_what_would_be_served \
    a_check_warns_of_periodic_tasks_that_nobody_here_runs \
    a_check_tells_all_that_is_missing_with_its_place \
    the_broker_of_the_configuration_begins_in_its_folder \
    a_broker_that_cannot_be_opened_is_told_with_its_place \
    modules_that_cannot_be_used_are_told \
    modules_run_tasks_with_their_options
