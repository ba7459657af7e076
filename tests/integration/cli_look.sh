#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What weir shows: tasks, queues, groups and sums, as text and as JSON, without changing anything.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

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

run_tests \
    what_only_looks_makes_no_file \
    lists_have_pages_and_states \
    long_cells_are_cut_in_a_file \
    tasks_in_groups_are_pointed_at \
    the_time_of_a_state_is_told_as_json \
    queues_are_listed_inspected_and_have_a_history \
    stats_sum_up
