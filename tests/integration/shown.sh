#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What commands show of their tasks while they run, by lines on descriptor 3. On the server of WEIR_TEST_BROKER, else on SQLite.
# shellcheck source=tests/integration/lib.sh
. "${abs_top_srcdir:-$(dirname "$0")/../..}/tests/integration/lib.sh"

# script NAME: a command of a test, from standard input.
script()
{
    { echo '#!/bin/sh'; cat; } > "$tmp/$1"
    chmod +x "$tmp/$1"
}

# await FILE, in a script: until the test has made the file.
await='await() { while [ ! -e "$1" ]; do sleep 0.02; done; }'

shows()
{
    json_is ".state == \"active\" and .result == \"$2\"" "$weir" task inspect "$1" --json
}

expect_shown()
{
    wait_until 20 shows "$1" "$2" || fail "task $1 does not show \"$2\": $("$weir" task inspect "$1" --json)"
}

lines_are_shown_while_the_command_runs_and_its_output_is_the_result()
{
    script work << END
$await
[ "\$WEIR_TASK_SHOW_FD" = 3 ] || exit 65
echo 'half of' >&3
printf 'no line yet' >&3
await $tmp/go
printf ', now one\n\n' >&3
await $tmp/end
echo finished
END
    start_worker --exec "work=$tmp/work"
    "$weir" task enqueue --type work --id a --retention 1h > /dev/null
    expect_shown a 'half of'
    touch "$tmp/go"
    expect_shown a 'no line yet, now one'
    touch "$tmp/end"
    expect_state a completed
    expect_json '.result == "finished\n"'
    stop_worker
    expect_equal "$worker_status" 0
}

what_was_shown_last_stays_without_output_and_after_failure()
{
    script work << 'END'
echo early >&3
echo "last of $WEIR_TASK_ID" >&3
printf 'not ended' >&3
exit "$WEIR_TASK_HEADER_STATUS"
END
    start_worker --exec "work=$tmp/work"
    "$weir" task enqueue --type work --id good --retention 1h --header status=0 > /dev/null
    "$weir" task enqueue --type work --id bad --header status=65 > /dev/null
    expect_state good completed
    expect_json '.result == "not ended"'
    expect_state bad archived
    expect_json '.result == "not ended" and (.last_err | startswith("exit status 65"))'
    stop_worker
}

long_lines_are_cut_and_of_many_the_last_is_shown()
{
    script work << END
$await
head -c 100000 /dev/zero | tr '\\0' x >&3
echo >&3
await $tmp/go
i=0
while [ \$i -lt 20000 ]; do i=\$((i + 1)); echo "line \$i"; done >&3
await $tmp/end
END
    start_worker --exec "work=$tmp/work"
    "$weir" task enqueue --type work --id a > /dev/null
    expect_shown a "$(head -c 65536 /dev/zero | tr '\0' x)"
    touch "$tmp/go"
    expect_shown a 'line 20000'
    touch "$tmp/end"
    wait_until 20 is_gone a || fail 'the task does not end'
    grep -q 'line was cut.*65536' "$tmp/worker.log" || fail 'that it was cut is not told'
    stop_worker
}

a_command_that_closes_the_descriptor_or_leaves_it_to_others_is_fine()
{
    script work << 'END'
echo shown >&3
sleep 60 &
exec 3>&-
echo result
END
    start_worker --exec "work=$tmp/work"
    "$weir" task enqueue --type work --id a --retention 1h > /dev/null
    expect_state a completed
    expect_json '.result == "result\n"'
    stop_worker
    expect_equal "$worker_status" 0
}

run_tests \
    lines_are_shown_while_the_command_runs_and_its_output_is_the_result \
    what_was_shown_last_stays_without_output_and_after_failure \
    long_lines_are_cut_and_of_many_the_last_is_shown \
    a_command_that_closes_the_descriptor_or_leaves_it_to_others_is_fine
