#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Periodic tasks with two workers of one configuration, of which the leader is killed when it has led for three seconds, for
# WEIR_TICK_SECONDS (default 12): no tick comes twice, and none is lost but those that the policy gives up.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

seconds=${WEIR_TICK_SECONDS:-12}
kills=0
pid_1=
pid_2=

stop_all()
{
    for pid in $pid_1 $pid_2; do
        kill "-$1" "$pid" 2> /dev/null
        { wait "$pid"; } 2> /dev/null
    done
    pid_1=
    pid_2=
}
trap 'stop_all KILL; cleanup' EXIT

# configure LEASE HEARTBEAT: the list of periodic tasks stays for three heartbeats, the leadership for a lease.
configure()
{
    cat > "$tmp/weir.json" << END
{"lease": "$1", "heartbeat": "$2", "concurrency": 2, "handlers": {"t": {"exec": "true"}},
 "periodic": [{"id": "all", "spec": "@every 1s", "type": "t", "missed": "all"},
              {"id": "once", "spec": "@every 1s", "type": "t", "missed": "once"},
              {"id": "skip", "spec": "@every 1s", "type": "t", "retention": "1h", "queue": "default"}]}
END
}

# start N: a worker with its log in $tmp/N.log.
start()
{
    : > "$tmp/$1.log" # here: what it does in the background comes when it likes
    "$weir_worker" --config "$tmp/weir.json" > /dev/null 2>> "$tmp/$1.log" < /dev/null &
    eval "pid_$1=$!"
}

# leads N: by the last word on it; who stands still for longer than the lease has to give it away.
leads()
{
    [ "$(sed -n 's/.* \(this\|another\) server enqueues the periodic tasks.*/\1/p' "$tmp/$1.log" | tail -n 1)" = this ]
}

somebody_leads()
{
    leads 1 || leads 2
}

# Until somebody leads again.
kill_leader()
{
    n=2
    ! leads 1 || n=1
    eval "pid=\$pid_$n"
    kill -KILL "$pid"
    { wait "$pid"; } 2> /dev/null
    kills=$((kills + 1))
    start "$n"
    wait_until 15 somebody_leads || fail "nobody leads"
}

# ticks ENTRY: the seconds of its ticks in the history, ascending.
ticks()
{
    "$weir" cron history "$1" --size 1000 --json | jq -r '.[0].events[].task_id' | sed 's/.*@//' | sort -n
}

# ticked_at SECOND: there are ticks of all entries of that second or later.
ticked_at()
{
    for entry in all once skip; do
        latest=$(ticks "$entry" | tail -n 1)
        [ "${latest:--1}" -ge "$1" ] || return 1
    done
}

# judge ENTRY: leaves the number of its ticks in $found and of those between that did not come in $lost.
judge()
{
    ticks "$1" > "$tmp/ticks"
    found=$(wc -l < "$tmp/ticks")
    expect_equal "$(uniq -d "$tmp/ticks")" ""
    [ "$found" -gt 0 ] || fail "no ticks of $1"
    lost=$(($(tail -n 1 "$tmp/ticks") - $(head -n 1 "$tmp/ticks") + 1 - found))
}

# late ENTRY: how many of its ticks were enqueued when the next one was due already: as long as nobody led, or the leader stood still.
late()
{
    "$weir" cron history "$1" --size 1000 --json | jq '[.[0].events[] |
        (.enqueued | sub("[.][0-9]+Z$"; "Z") | fromdateiso8601) - (.task_id | sub(".*@"; "") | tonumber) | select(. > 0)] | length'
}

no_tick_comes_twice_nor_is_lost_while_leaders_are_killed()
{
    configure 1s 333ms
    start 1
    start 2
    wait_until 15 ticked_at 0 || fail "no tick comes"
    end=$(($(date +%s) + seconds))
    while [ "$(date +%s)" -lt "$end" ]; do
        sleep 3
        kill_leader
    done
    wait_until 15 ticked_at "$end" || fail "no tick comes after the last kill"
    stop_all TERM
    judge all
    all=$found
    # What is late for one entry may be lost for those that give it up; once per kill, the next second may begin between the entries.
    missable=$(($(late all) + kills))
    expect_equal "$lost" 0
    [ "$found" -gt "$seconds" ] || [ "$found" -ge 1000 ] || fail "$found ticks in $seconds s"
    judge once
    [ "$lost" -le "$missable" ] || fail "once: $lost lost after $kills kills, of at most $missable"
    once=$lost
    judge skip
    [ "$lost" -le "$missable" ] || fail "skip: $lost lost after $kills kills, of at most $missable"
    echo "$kills leaders killed: $all ticks, none twice, none lost with \"all\", $once with \"once\", $lost with \"skip\""
}

who_stops_makes_room_within_a_heartbeat()
{
    configure 30s 333ms
    start 1
    wait_until 10 leads 1 || fail "the first does not lead"
    start 2
    kill -TERM "$pid_1"
    wait_until 10 leads 2 || fail "the second does not take over"
    stop_all TERM
}

a_reload_replaces_the_periodic_tasks()
{
    configure 30s 333ms
    start 1
    wait_until 10 json_is 'length == 3' "$weir" cron ls --json || fail "no three periodic tasks"
    printf '{"lease": "30s", "heartbeat": "333ms", "concurrency": 2, "handlers": {"t": {"exec": "true"}},
"periodic": [{"id": "all", "spec": "@every 2s", "type": "t"}]}' > "$tmp/weir.json"
    kill -HUP "$pid_1"
    wait_until 10 json_is 'length == 1 and .[0].spec == "@every 2s"' "$weir" cron ls --json ||
        fail "the periodic tasks are not replaced"
    stop_all TERM
}

periodic_tasks_are_listed_and_wrong_ones_refused()
{
    configure 30s 10s
    start 1
    wait_until 10 json_is 'length == 3' "$weir" cron ls --json || fail "no three periodic tasks"
    run "$weir" cron ls
    expect_out '@every 1s'
    expect_out 'Queue("default"), Retention(1h0m0s)'
    wait_until 10 json_is '.[0].events | length > 0' "$weir" cron history skip --json || fail "no history"
    run "$weir" cron history skip all --page 1 --size 1
    expect_out 'skip@'
    run "$weir" cron history nobody
    expect_status 1
    expect_err 'no periodic task "nobody"'
    run "$weir" cron history skip --page 1000
    expect_status 0
    expect_out 'no history'
    stop_all TERM
    run "$weir" cron history skip
    expect_status 0
    run "$weir" cron history skip --page 1000
    expect_status 0
    run "$weir" cron ls
    expect_out 'no periodic tasks'
    expect_usage 'ENTRY-ID' "$weir" cron history
    printf '{"handlers": {"t": {"exec": "true"}}, "periodic": [{"spec": "* * * *", "type": "t"}]}' > "$tmp/wrong.json"
    run "$weir_worker" --config "$tmp/wrong.json" --check
    [ "$status" -ne 0 ] || fail "a wrong spec is taken"
    expect_err 'wrong.json:1:'
    expect_err '5 fields were expected'
}

run_tests no_tick_comes_twice_nor_is_lost_while_leaders_are_killed \
    who_stops_makes_room_within_a_heartbeat \
    a_reload_replaces_the_periodic_tasks \
    periodic_tasks_are_listed_and_wrong_ones_refused
