#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tasks that are commands: what a command gets, what its output and exit status make of its task, and how it ends by its deadline.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

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
    nothing_is_leaked_by_many_commands
