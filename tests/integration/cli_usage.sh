#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How weir is called: words, help and completion, the broker it works on, and how it says what is wrong.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

help_is_there_for_everything()
{
    run "$weir" help
    expect_status 0
    expect_out 'task enqueue'
    run "$weir" --help
    expect_out 'queue history'
    run "$weir" help task
    expect_out 'task inspect'
    run "$weir" queue --help
    expect_out 'queue ls'
    for command in 'stats' 'task enqueue' 'task ls' 'task inspect' 'queue ls' 'queue inspect' \
        'queue history' 'server ls'; do
        # shellcheck disable=SC2086
        run "$weir" help $command
        expect_status 0
        expect_out "usage: weir $command"
        # shellcheck disable=SC2086
        run "$weir" $command --help
        expect_status 0
        expect_out "usage: weir $command"
    done
    run "$weir" --version
    expect_out 'weir '
}

mistyped_words_are_usage_errors_with_a_suggestion()
{
    expect_usage 'no command given' "$weir"
    expect_usage 'did you mean stats?' "$weir" stat
    expect_usage 'did you mean queue inspect?' "$weir" queue inspekt q
    expect_usage 'unknown command "frobnicate"' "$weir" frobnicate
    expect_usage 'did you mean task enqueue?' "$weir" enqueue --type t
    expect_usage '(there are ls, inspect, history, pause, resume, rm)' "$weir" queue frobnicate
    expect_usage 'enqueue, ls, inspect' "$weir" task
    expect_usage 'did you mean --queue?' "$weir" task ls --quee low
    expect_usage 'unknown option -z' "$weir" stats -z
    expect_usage 'takes no value' "$weir" stats --json=yes
    expect_usage 'needs a value' "$weir" task ls --queue
    expect_usage 'unexpected argument "x"' "$weir" stats x
    expect_usage 'QUEUE... is missing' "$weir" queue inspect
    expect_usage 'given twice' "$weir" task ls --queue a --queue b
    expect_usage 'unknown command' "$weir" help nothing
}

help_is_pointed_at_for_the_command()
{
    expect_usage "Try 'weir help task enqueue'." "$weir" task enqueue
    expect_usage "Try 'weir help stats'." "$weir" stats x
    expect_usage "Try 'weir help'." "$weir" frobnicate
    "$weir" task enqueue --type t > /dev/null
    expect_usage 'confirm with --yes' "$weir" queue rm -f default
    ! grep -q Try "$tmp/err" || fail 'points at the help'
    expect_usage 'confirm with --yes' "$weir" task deleteall -q default -s pending
    ! grep -q Try "$tmp/err" || fail 'points at the help'
}

errors_are_json_where_output_is()
{
    "$weir" task enqueue --type t --id taken > /dev/null
    expect_json_error 1 WEIR_E_NO_QUEUE '.queue == "none" and (.message | contains("none"))' \
        --json queue inspect none
    expect_json_error 1 WEIR_E_NO_QUEUE '.queue == "none"' queue history none --json
    expect_json_error 1 WEIR_E_NO_QUEUE '.queue == "none"' task ls -q none -j
    expect_json_error 1 WEIR_E_NO_QUEUE '.queue == "none"' group ls -q none -j
    expect_json_error 1 WEIR_E_NO_QUEUE '.queue == "none"' task runall -q none -s archived -j
    expect_json_error 1 WEIR_E_NO_TASK '.id == "none"' task inspect none -j
    expect_json_error 1 WEIR_E_CONFLICT '.id == "taken"' task enqueue --type t --id taken -j
    expect_json_error 1 WEIR_E_IO '.message | contains("none.json")' -c "$tmp/none.json" stats -j
    expect_json_error 1 WEIR_E_IO '.message | contains("none.jsonl")' \
        task enqueue --from-jsonl "$tmp/none.jsonl" -j
    expect_json_error 2 WEIR_E_INVALID '.message | contains("--type")' task enqueue --json
    expect_json_error 2 WEIR_E_INVALID '.message | contains("frobnicate")' frobnicate --json
    expect_json_error 2 WEIR_E_INVALID '.message | contains("--nosuch")' stats --nosuch --json
    expect_json_error 2 WEIR_E_INVALID '.message == "no command given"' --json
    expect_json_error 2 WEIR_E_URL '.message | contains("nosuch")' --broker nosuch:x stats --json
    run "$weir" queue pause later --json
    expect_json '.[0].ok and (.[0].note | contains("no such queue yet"))'
    run env -u WEIR_BROKER "$weir" task enqueue --type t --json
    jq -e '.note | contains("weir.db")' "$tmp/err" > /dev/null || fail 'the note is no JSON'
}

the_conformance_suite_says_what_is_wrong()
{
    suite=$build/tests/conformance/conformance
    [ -x "$suite" ] || return
    run "$suite" --help
    expect_status 0
    expect_out 'usage: weir-conformance'
    run "$suite" --version
    expect_status 0
    expect_out 'weir-conformance '
    expect_usage 'weir-conformance: URL is missing' "$suite"
    expect_usage 'weir-conformance: unknown option --fliter' "$suite" --fliter x sqlite::memory:
    expect_usage 'weir-conformance: unknown option -x' "$suite" -x
    expect_usage 'needs a value: --filter' "$suite" --filter
    expect_usage 'unexpected argument b' "$suite" a b
    expect_usage 'weir-conformance: no case contains "nosuch"' "$suite" --filter nosuch sqlite::memory:
}

a_broker_url_is_checked()
{
    expect_usage 'nosuch' "$weir" --broker nosuch:x queue ls
    expect_usage 'did you mean "sqlite:"' "$weir" --broker sqlit:x.db stats
    expect_usage 'color' "$weir" --broker "sqlite:$tmp/x.db?color=red" queue ls
    expect_usage '' "$weir" --broker 'just words' queue ls
    run "$weir" --broker "sqlite:$tmp/no/such/folder/x.db" queue ls
    expect_status 1
    expect_err 'no/such/folder'
    echo 'this is no database, only text that is long enough to have a header' > "$tmp/text.db"
    run "$weir" --broker "sqlite:$tmp/text.db" queue ls
    expect_status 1
}

what_would_be_lost_in_memory_is_refused()
{
    expect_usage 'in memory ends with this command' "$weir" -b sqlite::memory: task enqueue -t x
    expect_usage 'in memory ends with this command' "$weir" -b 'sqlite::memory:?sync=normal' queue pause q
    expect_json_error 2 WEIR_E_INVALID '.message | contains("in memory")' \
        --json -b sqlite::memory: task enqueue -t x
    run "$weir" -b sqlite::memory: queue ls
    expect_status 0
    (cd "$tmp" && "$weir" -b sqlite:memory: task enqueue -t x > /dev/null) || fail 'a file of that name'
}

a_read_only_folder_is_told()
{
    mkdir "$tmp/ro"
    "$weir" --broker "sqlite:$tmp/ro/there.db" task enqueue --type t > /dev/null
    chmod 444 "$tmp"/ro/*
    chmod 555 "$tmp/ro"
    as_user=
    if [ "$(id -u)" -eq 0 ]; then # who may write everywhere
        as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
        chmod 755 "$base" "$tmp"
        $as_user "$weir" --version > "$tmp/out" 2>&1 || return 0
    fi
    for file in new.db there.db; do
        # shellcheck disable=SC2086
        run $as_user "$weir" --broker "sqlite:$tmp/ro/$file" task enqueue --type t
        expect_status 1
        expect_err "$tmp/ro"
    done
}

without_a_broker_the_data_folder_is_used_and_told()
{
    unset WEIR_BROKER
    run "$weir" task enqueue --type t
    expect_status 0
    expect_err "sqlite:$tmp/data/weir/weir.db"
    [ -f "$tmp/data/weir/weir.db" ] || fail 'no file in the data folder'
    run env XDG_DATA_HOME="$tmp/a b?c%d#e" "$weir" task enqueue --type t
    expect_status 0
    [ -f "$tmp/a b?c%d#e/weir/weir.db" ] || fail 'no file in the folder with odd characters'
    expect_usage 'HOME' env -u HOME -u XDG_DATA_HOME "$weir" queue ls
}

the_option_wins_over_the_environment_and_that_over_the_file()
{
    echo "{\"broker\": \"sqlite:$tmp/file.db\"}" > "$tmp/w.json"
    run "$weir" --config "$tmp/w.json" --broker "sqlite:$tmp/option.db" task enqueue --type t
    [ -f "$tmp/option.db" ] || fail 'the option did not win'
    WEIR_BROKER=sqlite:$tmp/env.db run "$weir" --config "$tmp/w.json" task enqueue --type t
    [ -f "$tmp/env.db" ] || fail 'the environment did not win'
    unset WEIR_BROKER
    WEIR_CONFIG=$tmp/w.json run "$weir" task enqueue --type t
    [ -f "$tmp/file.db" ] || fail 'the file was not read'
    run "$weir" --config "$tmp/none.json" queue ls
    expect_status 1
    expect_err 'none.json'
    echo '{"brokr": 1}' > "$tmp/bad.json"
    expect_usage 'bad.json:1:' "$weir" --config "$tmp/bad.json" queue ls
    expect_json_error 2 WEIR_E_CONFIG '.message | contains("bad.json:1:")' --json --config "$tmp/bad.json" queue ls
}

# completed WORD... - what bash would offer for the last of these words behind "weir".
completed()
{
    WEIR=$weir bash -c '. "$0"; COMP_WORDS=("$WEIR" "$@"); COMP_CWORD=$#; _weir; echo "${COMPREPLY[*]}"' \
        "$source/cli/completion/weir" "$@"
}

# Each noun that is offered has a help of its own.
expect_out_of()
{
    run "$weir" help "$1"
    expect_status 0
    expect_out "$1"
}

bash_completes_what_the_help_lists()
{
    command -v bash > /dev/null || return
    expect_equal "$(completed st)" stats
    expect_equal "$(completed task run)" 'run runall'
    expect_equal "$(completed --json queue pa)" pause
    expect_equal "$(completed -b sqlite:x.db task resch)" reschedule
    expect_equal "$(completed help que)" queue
    expect_equal "$(completed task ls --st)" --state
    expect_equal "$(completed task ls -s a)" 'aggregating active archived'
    expect_equal "$(completed stats --)" \
        '--watch --interval --broker --backend --config --json --help --version'
    touch "$tmp/some.jsonl"
    expect_equal "$(completed task enqueue --from-jsonl "$tmp/so")" "$tmp/some.jsonl"
    for command in $(completed ''); do
        [ "$command" = help ] || expect_out_of "$command"
    done
}

# completed_of FUNCTION FILE PROGRAM WORD...
completed_of()
{
    # shellcheck disable=SC2016
    bash -c '. "$1"; call=$0; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); $call; echo "${COMPREPLY[*]}"' "$@"
}

bash_completes_the_other_programs()
{
    bench=$source/bench/completion/weir-bench
    worker_words=$source/worker/program/completion/weir-worker
    command -v bash > /dev/null || return
    expect_equal "$(completed_of _weir_bench "$bench" "$build/bench/weir-bench" e)" 'enqueue e2e'
    expect_equal "$(completed_of _weir_bench "$bench" "$build/bench/weir-bench" --p)" '--producers --payload'
    expect_equal "$(completed_of _weir_worker "$worker_words" "$weir_worker" --log)" '--log-level --log-format'
    expect_equal "$(completed_of _weir_worker "$worker_words" "$weir_worker" --log-format j)" json
    touch "$tmp/some.so"
    expect_equal "$(completed_of _weir_worker "$worker_words" "$weir_worker" -m "$tmp/so")" "$tmp/some.so"
}

output_that_cannot_be_written_is_a_failure()
{
    [ -c /dev/full ] || return
    "$weir" help > /dev/full 2> "$tmp/err" && fail 'success on a full device'
    ran='weir help > /dev/full'
    expect_err 'cannot write'
}

the_example_of_the_manual_compiles()
{
    awk '/^#include <stdio.h>/ { on = 1 } /^\.Ed/ { on = 0 } on { gsub(/\\e/, "\\"); print }' \
        "$source/doc/man/weir.3" > "$tmp/example.c"
    run "${WEIR_CC:-cc}" -std=c11 -Wall -Wextra -Werror -fsyntax-only \
        -I"$source/lib/include" "$tmp/example.c"
    expect_status 0
}

run_tests \
    help_is_there_for_everything \
    mistyped_words_are_usage_errors_with_a_suggestion \
    help_is_pointed_at_for_the_command \
    errors_are_json_where_output_is \
    the_conformance_suite_says_what_is_wrong \
    a_broker_url_is_checked \
    what_would_be_lost_in_memory_is_refused \
    a_read_only_folder_is_told \
    without_a_broker_the_data_folder_is_used_and_told \
    the_option_wins_over_the_environment_and_that_over_the_file \
    bash_completes_what_the_help_lists \
    bash_completes_the_other_programs \
    output_that_cannot_be_written_is_a_failure \
    the_example_of_the_manual_compiles
