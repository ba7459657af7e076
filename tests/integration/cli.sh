#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The program weir as a user runs it: each command, as text and as JSON, and each wrong input.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

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

options_that_a_jsonl_file_excludes_are_refused()
{
    echo '{"type":"t"}' > "$tmp/in"
    expect_usage '--on-error is for --from-jsonl' "$weir" task enqueue -t x --on-error continue
    expect_usage '--id and --from-jsonl' "$weir" task enqueue --from-jsonl "$tmp/in" -i x
}

tasks_in_groups_are_pointed_at()
{
    "$weir" task enqueue --type t --queue low --group g > /dev/null
    run "$weir" task ls -q low
    expect_status 0
    expect_out 'no tasks'
    expect_err '1 task in 1 group: weir group ls -q low'
    expect_usage 'weir group ls -q low lists the groups' "$weir" task ls -q low -s aggregating
    "$weir" task enqueue --type t --queue low > /dev/null
    run "$weir" task ls -q low
    expect_equal "$(cat "$tmp/err")" ''
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

long_cells_are_cut_in_a_file()
{
    long=$(printf '%0800d' 0)
    "$weir" task enqueue --type t --id short --payload p > /dev/null
    "$weir" task enqueue --type t --id long --payload "$long" > /dev/null
    run "$weir" task ls
    expect_out "$(printf '%059d' 0)…  -"
    expect_equal "$(awk 'length > 160' "$tmp/out")" ''
    ! grep -q ' $' "$tmp/out" || fail 'blanks at the end of a line'
    run "$weir" task inspect long
    expect_out "$long"
    run "$weir" --json task ls
    expect_json "map(.payload | length) == [1, 800]"
}

the_time_of_a_state_is_told_as_json()
{
    "$weir" task enqueue --type t --id a > /dev/null
    "$weir" task enqueue --type t --id g --group g > /dev/null
    "$weir" task archive a > /dev/null
    for id in a g; do
        run "$weir" --json task inspect $id
        expect_json '.state_since | test("^20[0-9-]+T[0-9:.]+Z$")'
    done
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

enqueue_prints_the_id_and_inspect_shows_the_task()
{
    run "$weir" task enqueue --type email:deliver --payload '{"user_id":42}' --queue low \
        --id mail-1 --max-retry 3 --timeout 30s --retention 1h --archive-for 30d --header tenant=acme -H a=b=c
    expect_status 0
    expect_equal "$(cat "$tmp/out")" mail-1
    run "$weir" task inspect mail-1
    expect_status 0
    expect_out 'email:deliver'
    expect_out '{"user_id":42}'
    expect_out 'tenant: acme'
    expect_out 'archive for:   30d'
    run "$weir" task inspect --queue low --id mail-1 --json
    expect_json '.id == "mail-1" and .queue == "low" and .type == "email:deliver"'
    expect_json '.payload == "{\"user_id\":42}" and .state == "pending" and .max_retry == 3'
    expect_json '.timeout_ms == 30000 and .retention_ms == 3600000 and .deadline == null'
    expect_json '.archive_for_ms == 2592000000'
    expect_json '.headers == {"tenant": "acme", "a": "b=c"} and .last_err == null'
    run "$weir" task enqueue --type t --json
    expect_json '(.id | length) == 36 and .queue == "default" and .state == "pending"'
}

zero_means_none_for_retries_and_timeouts()
{
    run "$weir" task enqueue --type t --id a --max-retry 0 --timeout 0 --retention 0
    expect_status 0
    run "$weir" task inspect a --json
    expect_json '.max_retry == 0 and .timeout_ms == 0 and .retention_ms == 0 and .archive_for_ms == 0'
    run "$weir" task enqueue --type t --id b
    run "$weir" task inspect b --json
    expect_json '.max_retry == 25 and .timeout_ms == 1800000 and .payload == null'
}

a_task_can_wait_for_its_time()
{
    run "$weir" task enqueue --type t --id in --in 10m --json
    expect_json '.state == "scheduled" and .next_process_at != null'
    run "$weir" task enqueue --type t --id at --at 2100-01-02T03:04:05Z --json
    expect_json '.next_process_at == "2100-01-02T03:04:05.000Z"'
    run "$weir" task ls --state scheduled
    expect_out 'in 9m'
    expect_usage 'exclude each other' "$weir" task enqueue --type t --in 1s --at 2100-01-02T03:04:05Z
    expect_usage 'option --in' "$weir" task enqueue --type t --in soon
    expect_usage 'negative' "$weir" task enqueue --type t --in=-5s
    expect_usage 'option --in: 999999999h is more than' "$weir" task enqueue --type t --in 999999999h
    expect_usage 'option --unique: 1ms is less than' "$weir" task enqueue --type t --unique 1ms
    expect_usage 'option --at' "$weir" task enqueue --type t --at tomorrow
}

wrong_options_of_a_task_are_told()
{
    expect_usage '--type is missing' "$weir" task enqueue
    expect_usage 'type' "$weir" task enqueue --type ''
    expect_usage 'type' "$weir" task enqueue --type "$(printf 'a\377b')"
    expect_usage 'longer than 255 bytes' "$weir" task enqueue --type "$(printf '%0256d' 0)"
    expect_usage 'queue' "$weir" task enqueue --type t --queue 'a{b}'
    expect_usage 'queue' "$weir" task enqueue --type t --queue 'a b'
    expect_usage 'queue' "$weir" task enqueue --type t --queue ''
    expect_usage 'max-retry' "$weir" task enqueue --type t --max-retry -1
    expect_usage 'max-retry' "$weir" task enqueue --type t --max-retry many
    expect_usage 'timeout' "$weir" task enqueue --type t --timeout 5
    expect_usage 'NAME=VALUE' "$weir" task enqueue --type t --header novalue
    expect_usage 'exclude each other' "$weir" task enqueue --type t --payload a --payload-file b
    expect_usage 'neither stop nor continue' "$weir" task enqueue --type t --on-error ignore
    run "$weir" task enqueue --type t --payload-file "$tmp/none"
    expect_status 1
    expect_err "$tmp/none"
    run "$weir" queue ls --json
    expect_json '. == []'
}

taken_ids_and_locks_are_refused()
{
    run "$weir" task enqueue --type t --id x
    run "$weir" task enqueue --type t --id x
    expect_status 1
    expect_err 'x'
    run "$weir" task enqueue --type t --payload p --unique 1h
    expect_status 0
    run "$weir" task enqueue --type t --payload p --unique 1h
    expect_status 1
    expect_err 'already exists'
}

payloads_are_stored_byte_for_byte()
{
    head -c 100000 /dev/urandom > "$tmp/bytes"
    run "$weir" task enqueue --type t --id file --payload-file "$tmp/bytes"
    expect_status 0
    "$weir" task inspect file --json | jq -r .payload_base64 | base64 -d | cmp - "$tmp/bytes" ||
        fail 'a file came back changed'
    "$weir" task enqueue --type t --id stdin --payload-file - < "$tmp/bytes" > /dev/null
    "$weir" task inspect stdin --json | jq -r .payload_base64 | base64 -d | cmp - "$tmp/bytes" ||
        fail 'standard input came back changed'
    run "$weir" task enqueue --type t --id empty --payload ''
    run "$weir" task inspect empty --json
    expect_json '.payload == ""'
    run "$weir" task enqueue --type t --id esc --payload "$(printf 'red \033[31m \001 \302\233')"
    run "$weir" task ls
    expect_out 'red \x1b[31m \x01 \xc2\x9b'
    run "$weir" task inspect esc
    expect_out 'red \x1b[31m'
}

lists_have_pages_and_states()
{
    for i in 1 2 3 4 5; do "$weir" task enqueue --type t --id "t$i" > /dev/null; done
    "$weir" task enqueue --type t --id later --in 1h > /dev/null
    run "$weir" task ls
    expect_out 't1'
    expect_out 'later'
    run "$weir" task ls --state pending --size 2 --page 2 --json
    expect_json 'map(.id) == ["t3", "t4"]'
    run "$weir" task ls --size 2
    expect_err '3 of 6 shown: --page 2'
    run "$weir" task ls --state archived
    expect_out 'no tasks'
    run "$weir" task list --state archived --json
    expect_json '. == []'
    expect_usage 'none of scheduled' "$weir" task ls --state "done"
    expect_usage 'need each other' "$weir" task ls --state aggregating
    expect_usage 'less than 1' "$weir" task ls --page 0
    "$weir" task enqueue --type t --queue low --id elsewhere --retention 1h > /dev/null
    "$weir" task archive --queue low elsewhere > /dev/null
    run "$weir" task ls --state archived
    expect_err 'queue low has some: -q low'
    run "$weir" task ls --queue nosuch
    expect_status 1
    expect_err 'nosuch'
    run "$weir" task inspect nosuch
    expect_status 1
    expect_err 'no task nosuch'
    run "$weir" task inspect "$(printf 'a\nb\033[31m')"
    expect_err 'no task a\nb\x1b[31m in'
    "$weir" task enqueue --type t --queue other --id t1 > /dev/null
    expect_usage 'use --queue' "$weir" task inspect t1
}

# Makes a broker without any queue, where a broker is a file.
make_empty_broker()
{
    "$weir" task enqueue --type t --queue gone --id gone > /dev/null &&
        "$weir" queue rm --force --yes gone > /dev/null || fail 'no empty broker'
}

what_only_looks_makes_no_file()
{
    case $WEIR_BROKER in sqlite:*) ;; *) return ;; esac
    for command in 'stats' 'queue ls' 'queue inspect q' 'queue history q' 'task ls' 'task inspect t' \
        'group ls' 'server ls' 'cron ls' 'queue pause q' 'queue rm q' 'task run t' \
        'task deleteall -q q -s archived --yes'; do
        # shellcheck disable=SC2086
        expect_json_error 1 WEIR_E_UNAVAILABLE '.message | contains("there is no such file")' \
            $command --json
        [ ! -e "$tmp/weir.db" ] || fail "$command made a file"
    done
    (
        unset WEIR_BROKER
        run "$weir" stats
        [ "$status" -eq 1 ] && [ ! -e "$tmp/data" ]
    ) || fail 'looking made the data folder'
    run "$weir_worker" --exec t=cat --check
    expect_status 0
    expect_out 'there is no such file yet'
    run "$weir_worker" --exec t=cat --lease 1ms --check
    expect_status 2
    run "$weir_worker" --exec t=cat --broker "sqlite:$tmp/none%20here/x.db" --check
    expect_status 1
    expect_err "the broker's folder $tmp/none here: No such file"
    [ ! -e "$tmp/weir.db" ] || fail 'a check made a file'
    make_empty_broker
    run "$weir" stats
    expect_status 0
}

queues_are_listed_inspected_and_have_a_history()
{
    make_empty_broker
    run "$weir" queue ls
    expect_out 'no queues'
    "$weir" task enqueue --type t --queue low > /dev/null
    "$weir" task enqueue --type t --queue high --in 1h > /dev/null
    run "$weir" queue ls
    expect_out 'low'
    run "$weir" queue ls --json
    expect_json 'map(.queue) == ["high", "low"] and .[0].scheduled == 1 and .[1].pending == 1'
    run "$weir" queue inspect low high
    expect_out 'scheduled:   1'
    run "$weir" --json queue inspect low
    expect_json '.[0].size == 1 and .[0].paused == false and .[0].timestamp != null'
    run "$weir" queue history low --days 3
    expect_out "$(date -u +%Y-%m-%d)"
    run "$weir" queue history low high --days 3 --json
    expect_json 'length == 2 and .[0].queue == "low" and (.[0].history | length) == 3'
    run "$weir" queue inspect nosuch --json
    expect_status 1
    expect_usage 'at most 90' "$weir" queue history low --days 91
}

stats_sum_up()
{
    make_empty_broker
    run "$weir" stats
    expect_out '0 tasks in 0 queues'
    "$weir" task enqueue --type t --queue low > /dev/null
    "$weir" task enqueue --type t --in 1h > /dev/null
    run "$weir" stats
    expect_out '2 tasks in 2 queues, 0 servers'
    run "$weir" stats --json
    expect_json '.size == 2 and .pending == 1 and .scheduled == 1 and (.queues | length) == 2'
    expect_usage 'is for --watch' "$weir" stats --interval 1s
    expect_usage 'option --interval: 0 is less than 10ms' "$weir" stats --watch --interval 0
    expect_usage 'option --interval: -1s is less' "$weir" stats --watch --interval=-1s
    "$weir" stats --watch --interval 50ms --json > "$tmp/looks" 2> "$tmp/err" < /dev/null &
    worker=$! # is stopped like one
    has_looked() { jq -se 'length > 2 and all(.size == 2)' "$tmp/looks"; }
    wait_until 20 has_looked || fail "no stream of looks: $(head -c 500 "$tmp/looks" "$tmp/err")"
    kill -0 "$worker" || fail 'it ended by itself'
    stop_worker
    expect_clean "$tmp/err"
    run "$weir" server ls
    expect_out 'no servers'
    run "$weir" server ls --json
    expect_json '. == []'
}

jsonl_lines_become_tasks()
{
    cat > "$tmp/tasks.jsonl" << 'END'
{"type":"email:deliver","id":"a","payload":{ "user_id": 42, "big": 12345678901234567890, "x": [1.10, "a b"] },"queue":"low"}

{"type":"t","id":"b","payload":"just text","in":"10m","max_retry":0,"timeout":"5s","retention":"1h","archive_for":"36h","headers":{"k":"v"}}
   
{"id":"c","payload_base64":"AP8=","at":"2100-01-01T00:00:00Z"}
{"type":"t","id":"d","payload":null}
{"type":"t","id":"e","payload":"nul \u0000 in it"}
END
    run "$weir" task enqueue --type default:type --max-retry 7 --in 5m --from-jsonl "$tmp/tasks.jsonl"
    expect_status 0
    expect_out 'enqueued:  5'
    run "$weir" task inspect a --json
    expect_json '.payload == "{\"user_id\":42,\"big\":12345678901234567890,\"x\":[1.10,\"a b\"]}"'
    expect_json '.queue == "low" and .max_retry == 7 and .state == "scheduled"'
    run "$weir" task inspect b --json
    expect_json '.payload == "just text" and .max_retry == 0 and .timeout_ms == 5000'
    expect_json '.retention_ms == 3600000 and .archive_for_ms == 129600000 and .headers == {"k": "v"}'
    run "$weir" task inspect c --json
    expect_json '.type == "default:type" and .payload_base64 == "AP8="'
    expect_json '.next_process_at == "2100-01-01T00:00:00.000Z"'
    run "$weir" task inspect d --json
    expect_json '.payload == null'
    run "$weir" task inspect e --json
    expect_json '.payload == "nul \u0000 in it"'
}

# bad_line LINE TEXT: the line is refused with this text.
bad_line()
{
    printf '{"type":"t"}\n\n%s\n{"type":"t"}\n' "$1" > "$tmp/bad.jsonl"
    run "$weir" task enqueue --from-jsonl "$tmp/bad.jsonl"
    expect_status 1
    expect_err 'line 3: '
    expect_err "$2"
    expect_out 'enqueued:  1'
    expect_out 'bad lines: 1 (3)'
}

bad_jsonl_lines_are_told_by_number_and_stop_the_rest()
{
    bad_line '{"type":"t"' 'column'
    bad_line '[1]' 'not a JSON object'
    bad_line 'garbage' 'column'
    bad_line '{"type":5}' '"type" must be a string'
    bad_line '{"type":"t","queu":"q"}' 'did you mean "queue"?'
    bad_line '{"type":"t","type":"u"}' 'duplicate'
    bad_line '{"type":"t","in":"soon"}' '"in": invalid duration'
    bad_line '{"type":"t","in":5}' '"in" must be a string'
    bad_line '{"type":"t","at":"1s"}' '"at": invalid time'
    bad_line '{"type":"t","in":"1s","at":"2100-01-01T00:00:00Z"}' 'exclude each other'
    bad_line '{"type":"t","payload":1,"payload_base64":"AA=="}' 'exclude each other'
    bad_line '{"type":"t","payload_base64":"A"}' 'not base64'
    bad_line '{"type":"t","max_retry":"3"}' 'max_retry'
    bad_line '{"type":"t","max_retry":1.5}' 'max_retry'
    bad_line '{"type":"t","max_retry":-1}' 'max_retry'
    bad_line '{"type":"t","headers":["a"]}' 'headers'
    bad_line '{"type":"t","headers":{"a":1}}' 'headers'
    bad_line '{"type":""}' 'type'
    bad_line '{}' 'type'
    bad_line '{"type":"t","queue":"a{b}"}' 'queue'
    bad_line "$(printf '{"type":"a\377"}')" 'byte 0xff'
    bad_line '{"type":"a\u0000b"}' 'NUL'
}

jsonl_can_go_on_after_bad_lines()
{
    printf '{"type":"t","id":"a"}\nbad\n{"type":"t","id":"a"}\n{}\n{"type":"t"}\n' > "$tmp/x.jsonl"
    run "$weir" task enqueue --on-error continue --from-jsonl "$tmp/x.jsonl"
    expect_status 1
    expect_err 'line 2: '
    expect_err 'line 4: '
    expect_out 'enqueued:  2'
    expect_out 'refused:   1'
    expect_out 'bad lines: 2 (2, 4)'
    run "$weir" task enqueue --on-error continue --from-jsonl "$tmp/x.jsonl" --json
    expect_status 1
    expect_json '.enqueued == 1 and .refused == {"WEIR_E_CONFLICT": 2} and .bad == 2'
    expect_json '.lines | map(select(.ok == false) | .line) | sort == [1, 2, 3, 4]'
    expect_json '.lines | map(select(.line == 1)) == [{"line": 1, "ok": false, "id": "a",
        "queue": "default", "error": {"code": -7, "name": "WEIR_E_CONFLICT",
        "message": "task ID conflicts with another task"}}]'
    expect_json '.lines | map(select(.line == 2))[0].error | .name == "WEIR_E_INVALID" and
        (.message | startswith("column 3: "))'
    expect_json '.lines | map(select(.ok))[0] | .line == 5 and .state == "pending" and (.id | length) == 36'
    [ ! -s "$tmp/err" ] || fail 'something was said twice'
    : > "$tmp/empty.jsonl"
    run "$weir" task enqueue --from-jsonl "$tmp/empty.jsonl" --json
    expect_status 0
    expect_json '.lines == [] and .enqueued == 0 and .refused == {} and .bad == 0'
    run "$weir" task enqueue --from-jsonl "$tmp/none.jsonl"
    expect_status 1
    expect_err 'none.jsonl'
}

many_and_long_lines_are_taken()
{
    awk 'BEGIN { for (i = 0; i < 3000; i++) printf "{\"type\":\"t\",\"payload\":{\"n\":%d}}\n", i }' |
        "$weir" task enqueue --from-jsonl - --json > "$tmp/out"
    ran='3000 lines'
    expect_json '.enqueued == 3000'
    run "$weir" stats --json
    expect_json '.pending == 3000'
    awk 'BEGIN { printf "{\"type\":\"t\",\"id\":\"long\",\"payload\":\""
        for (i = 0; i < 300000; i++) printf "0123456789"
        printf "\"}" }' > "$tmp/long.jsonl"
    run "$weir" task enqueue --from-jsonl "$tmp/long.jsonl"
    expect_out 'enqueued:  1'
    run "$weir" task inspect long --json
    expect_json '(.payload | length) == 3000000'
}

a_pausing_input_is_enqueued_as_it_comes()
{
    mkfifo "$tmp/fifo"
    "$weir" task enqueue --from-jsonl "$tmp/fifo" > "$tmp/out" 2> "$tmp/err" &
    reader=$!
    exec 9> "$tmp/fifo"
    echo '{"type":"t","id":"first"}' >&9
    wait_until 10 has_state first pending || fail 'the first line waits for the second'
    echo '{"type":"t","id":"second"}' >&9
    exec 9>&-
    wait "$reader" || fail 'the import failed'
    has_state second pending || fail 'the second line is missing'
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

# completed WORD... - what bash would offer for the last of these words behind "weir".
completed()
{
    WEIR=$weir bash -c '. "$0"; COMP_WORDS=("$WEIR" "$@"); COMP_CWORD=$#; _weir; echo "${COMPREPLY[*]}"' \
        "$source/cli/completion/weir" "$@"
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

# Each noun that is offered has a help of its own.
expect_out_of()
{
    run "$weir" help "$1"
    expect_status 0
    expect_out "$1"
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
    a_broker_url_is_checked \
    what_would_be_lost_in_memory_is_refused long_cells_are_cut_in_a_file the_conformance_suite_says_what_is_wrong \
    help_is_pointed_at_for_the_command options_that_a_jsonl_file_excludes_are_refused tasks_in_groups_are_pointed_at \
    the_time_of_a_state_is_told_as_json a_read_only_folder_is_told \
    without_a_broker_the_data_folder_is_used_and_told \
    the_option_wins_over_the_environment_and_that_over_the_file \
    enqueue_prints_the_id_and_inspect_shows_the_task \
    zero_means_none_for_retries_and_timeouts \
    a_task_can_wait_for_its_time \
    wrong_options_of_a_task_are_told \
    taken_ids_and_locks_are_refused \
    payloads_are_stored_byte_for_byte \
    lists_have_pages_and_states \
    what_only_looks_makes_no_file \
    queues_are_listed_inspected_and_have_a_history \
    stats_sum_up \
    jsonl_lines_become_tasks \
    bad_jsonl_lines_are_told_by_number_and_stop_the_rest \
    jsonl_can_go_on_after_bad_lines \
    many_and_long_lines_are_taken \
    a_pausing_input_is_enqueued_as_it_comes \
    errors_are_json_where_output_is \
    bash_completes_what_the_help_lists \
    bash_completes_the_other_programs \
    output_that_cannot_be_written_is_a_failure \
    the_example_of_the_manual_compiles
