#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How weir enqueues: one task by options, many by lines of JSON, and each wrong input.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

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
    expect_usage 'seconds since 1970' "$weir" task enqueue --type t --at 2100-01-02
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

options_that_a_jsonl_file_excludes_are_refused()
{
    echo '{"type":"t"}' > "$tmp/in"
    expect_usage '--on-error is for --from-jsonl' "$weir" task enqueue -t x --on-error continue
    expect_usage '--id and --from-jsonl' "$weir" task enqueue --from-jsonl "$tmp/in" -i x
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
    expect_out 'bad lines: 1 (line 3; nothing behind it was tried)'
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
    expect_out 'bad lines: 2 (lines 2, 4)'
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

run_tests \
    enqueue_prints_the_id_and_inspect_shows_the_task \
    zero_means_none_for_retries_and_timeouts \
    a_task_can_wait_for_its_time \
    wrong_options_of_a_task_are_told \
    taken_ids_and_locks_are_refused \
    payloads_are_stored_byte_for_byte \
    options_that_a_jsonl_file_excludes_are_refused \
    jsonl_lines_become_tasks \
    bad_jsonl_lines_are_told_by_number_and_stop_the_rest \
    jsonl_can_go_on_after_bad_lines \
    many_and_long_lines_are_taken \
    a_pausing_input_is_enqueued_as_it_comes
