#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What must not grow, counted: what a task costs when many others are pending, what a pending task takes of Redis's memory, and what an idle
# server asks for each of many queues. tests/bench/scale measures the times.
# shellcheck source=tests/integration/lib.sh
. "${abs_top_srcdir:-$(dirname "$0")/../..}/tests/integration/lib.sh"

if [ "${WEIR_SANITIZERS:-no}" != no ]; then
    echo "skipped: sanitizers count, too"
    exit 77
fi
cycle=$build/tests/bench/cycle
redis=$(case ${WEIR_TEST_BROKER:-} in redis+unix://*) echo "${WEIR_TEST_BROKER#redis+unix://}" ;; esac)
FEW=640 # tasks that are taken and finished
MANY=20032

say()
{
    redis-cli -s "$redis" "$@"
}

# info SECTION: what the server has counted, by now or at the moment that was kept.
moment=
info()
{
    if [ -n "$moment" ]; then cat "$moment"; else say info "$1" | tr -d '\r'; fi
}

# number SECTION NAME: of the server's INFO.
number()
{
    info "$1" | sed -n "s/^$2:\([0-9]*\)$/\1/p"
}

calls_of()
{
    info commandstats | sed -n "s/^cmdstat_$1:calls=\([0-9]*\),.*/\1/p" | grep . || echo 0
}

# skip_unless STORE: returns 1 where the tests run on the other one. No prefix: what it costs in memory depends on its length.
skip_unless()
{
    WEIR_BROKER=${WEIR_BROKER%%\?*}
    case $1 in
        redis) [ -n "$redis" ] && command -v redis-cli > /dev/null && return ;;
        sqlite) [ -z "$redis" ] && return ;;
    esac
    return 1
}

# expect_flat WHAT BEFORE AFTER PERCENT: it has not grown by more.
expect_flat()
{
    echo "$1: $2, then $3"
    [ "$2" -gt 0 ] || fail "$1: nothing was counted"
    [ "$3" -le $(($2 * (100 + $4) / 100)) ] || fail "$1 grew from $2 to $3"
}

# ---- many pending -----------------------------------------------------------------------------------

# redis_commands PENDING: with so many pending before. The last call takes once more than it finishes: there must be something to
# take in either case.
redis_commands()
{
    say flushall > /dev/null
    "$cycle" enqueue "$WEIR_BROKER" "$1" > /dev/null || fail "cycle failed"
    say config resetstat > /dev/null
    "$cycle" consume "$WEIR_BROKER" $FEW > /dev/null || fail "cycle failed"
    number stats total_commands_processed
    [ "$(say llen 'asynq:{cycle}:pending')" -ge $(($1 - 64)) ] || fail "the others were not pending"
}

a_task_costs_redis_the_same_when_many_are_pending()
{
    skip_unless redis || return 0
    expect_flat commands "$(redis_commands $FEW)" "$(redis_commands $MANY)" 1
}

# Bytes, as cycle counts them; and instructions, where callgrind is.
sqlite_written()
{
    "$cycle" consume "sqlite:$1?sync=normal" $FEW | sed -n 's/^written //p'
}

sqlite_instructions()
{
    "$build/libtool" --quiet --mode=execute valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$cycle" consume "sqlite:$1?sync=normal" $FEW 2>&1 | sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p'
}

a_task_costs_sqlite_the_same_when_many_are_pending()
{
    skip_unless sqlite || return 0
    file=$tmp/many.db
    measure=sqlite_instructions
    percent=20
    if ! command -v valgrind > /dev/null; then
        measure=sqlite_written
        percent=50
    fi
    "$cycle" enqueue "sqlite:$file?sync=normal" $FEW > /dev/null || fail "cycle failed"
    before=$($measure "$file")
    "$cycle" enqueue "sqlite:$file?sync=normal" $MANY > /dev/null || fail "cycle failed"
    # A tree that is one level deeper, in each of its indexes; a page more of each is written, too.
    expect_flat "$measure" "$before" "$($measure "$file")" $percent
}

# ---- memory -----------------------------------------------------------------------------------------

# What asynq stores for such a task: a message of 150 bytes and this hash, its id in this list.
as_asynq_stores='
local id = "01890000-0000-7000-8000-"
for i = 1, ARGV[1] do
    local key = string.format("asynq:{asynq}:t:%s%012d", id, i)
    redis.call("HSET", key, "msg", string.rep("x", 126), "state", "pending", "pending_since", "1795382569541547646")
    redis.call("LPUSH", "asynq:{asynq}:pending", string.format("%s%012d", id, i))
end
return redis.call("SADD", "asynq:queues", "asynq")'

# used COMMAND...: bytes that a command made Redis use.
used()
{
    say flushall > /dev/null
    before=$(number memory used_memory)
    "$@" > /dev/null || fail "$1 failed"
    echo $(($(number memory used_memory) - before))
}

a_pending_task_takes_as_much_memory_as_asynq_s()
{
    skip_unless redis || return 0
    asynq=$(used say eval "$as_asynq_stores" 0 $MANY)
    expect_flat "bytes for $MANY tasks" "$asynq" "$(used "$cycle" enqueue "$WEIR_BROKER" $MANY)" 10
}

# ---- many queues ------------------------------------------------------------------------------------

# has_beaten TIMES: each beat adds to two sets. What was counted by then is kept.
has_beaten()
{
    say info all | tr -d '\r' > "$tmp/moment"
    moment=$tmp/moment
    [ "$(calls_of zadd)" -ge $((2 * $1)) ]
}

# A server that has started looks at each of its queues, some time, once.
is_at_rest()
{
    has_beaten 2 || return
    [ "$(number stats total_commands_processed)" -gt 150 ] || return 0
    say config resetstat
    return 1
}

# await_six_beats QUEUES: of an idle server, or more where this script is slow to look; what was counted then is kept.
await_six_beats()
{
    say flushall > /dev/null
    "$source/tests/harness/run" "$build/worker/program/weir-worker" --broker "$WEIR_BROKER" --lease 600ms \
        --queues "$(seq -s, -f 'q%g' "$1")" --exec 'x=true' > "$tmp/worker" 2>&1 &
    pid=$!
    wait_until 30 grep -q 'server started' "$tmp/worker" || fail "the worker does not start: $(cat "$tmp/worker")"
    say config resetstat > /dev/null
    wait_until 30 is_at_rest || fail "it does not come to rest"
    say config resetstat > /dev/null
    wait_until 30 has_beaten 6 || fail "no heartbeats"
    kill -TERM $pid
    wait $pid
}

# Of each beat some 12 commands, whatever the queues, and three looks at 32 queues each. The rest is this script's own.
an_idle_server_of_many_queues_sends_few_commands()
{
    skip_unless redis || return 0
    await_six_beats 200
    beats=$(($(calls_of zadd) / 2))
    commands=$(number stats total_commands_processed)
    looks=$(calls_of exists)
    moment=
    echo "commands in $beats beats: $commands, looks at queues: $looks"
    [ "$looks" -ge $((beats * 7)) ] || fail "the queues are not looked at: $looks"
    [ "$looks" -le $(((beats + 2) * 3 * 7)) ] || fail "an idle server looks too often: $looks"
    [ "$commands" -le $(((beats + 2) * (20 + 3 * 7) + 100)) ] || fail "an idle server sends too many commands: $commands"
}

# ---- a long queue ------------------------------------------------------------------------------------

# Each script of this has one EXISTS of its own; the others are the listener's, that looks after it was told of a change.
a_server_with_plenty_to_do_does_not_listen_for_more()
{
    skip_unless redis || return 0
    say flushall > /dev/null
    say config resetstat > /dev/null
    "$source/tests/harness/run" "$build/bench/weir-bench" --broker "$WEIR_BROKER" --runs 1 -n 50000 process > /dev/null ||
        fail "weir-bench failed"
    scripts=$(calls_of evalsha)
    looks=$(($(calls_of exists) - scripts))
    echo "scripts: $scripts, looks: $looks"
    [ "$scripts" -ge 200 ] || fail "too few scripts to be true: $scripts"
    [ "$looks" -le $((scripts / 20)) ] || fail "it listened for work that it knew of: $looks looks"
}

run_tests a_task_costs_redis_the_same_when_many_are_pending a_task_costs_sqlite_the_same_when_many_are_pending \
    a_pending_task_takes_as_much_memory_as_asynq_s \
    an_idle_server_of_many_queues_sends_few_commands a_server_with_plenty_to_do_does_not_listen_for_more
