#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The orders of weir as a user gives them: every verb on every state, text and JSON, wrong input, and the question
# before many tasks are deleted.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

put()
{
    "$weir" task enqueue --type t "$@" > /dev/null || fail "cannot enqueue $*"
}

# bring STATE: a task whose id is the state's name, in the queue "default".
bring()
{
    case $1 in
        pending) put --id pending ;;
        scheduled) put --id scheduled --in 1h ;;
        archived)
            put --id archived
            "$weir" task archive archived > /dev/null
            ;;
        active | retry | completed) fail "a worker brings $1" ;;
    esac
}

# One task in each of six states, brought there by a worker that then stands still with the active one.
bring_all()
{
    "$weir" task enqueue --type fails --id retry > /dev/null
    "$weir" task enqueue --type works --id completed --retention 1h > /dev/null
    "$weir" task enqueue --type waits --id active > /dev/null
    echo '{"retry": "fixed:1h"}' > "$tmp/w.json" # for as long as the test takes
    start_worker --config "$tmp/w.json" --exec 'fails=exit 1' --exec 'works=true' --exec 'waits=sleep 60' --concurrency 3 --shutdown-timeout 0
    expect_state retry retry
    expect_state completed completed
    expect_state active active
    "$weir" queue pause default > /dev/null
    bring pending
    bring scheduled
    bring archived
}

# refused VERB ID TEXT: the order is refused with this text, and the task stays as it is.
refused()
{
    run "$weir" task "$1" "$2"
    expect_status 1
    expect_err "weir: $2: $3"
    has_state "$2" "$2" || fail "$1 changed the $2 task"
    run "$weir" --json task "$1" "$2"
    expect_status 1
    expect_json 'length == 1 and .[0].ok == false and .[0].error.name == "WEIR_E_STATE"'
    expect_json ".[0].id == \"$2\" and .[0].error.message == \"$3\""
}

# taken VERB ID STATE WORDS: the order is obeyed, and the task is then in this state, or gone.
taken()
{
    run "$weir" task "$1" "$2"
    expect_status 0
    expect_out "$2: $4"
    if [ "$3" = gone ]; then
        is_gone "$2" || fail "$1 left the $2 task"
    else
        has_state "$2" "$3" || fail "$1 did not bring the $2 task to $3"
    fi
}

run_takes_what_waits_or_is_kept()
{
    bring_all
    refused run active 'task is already running'
    refused run pending 'task is already in pending state'
    for state in scheduled retry archived completed; do
        taken run $state pending 'set to run'
    done
    run "$weir" queue inspect default --json
    expect_json '.[0].pending == 5 and .[0].active == 1 and .[0].size == 6'
}

archive_takes_what_waits()
{
    bring_all
    refused archive active 'task is running: it can only be cancelled'
    refused archive archived 'task is already archived'
    refused archive completed 'task is completed'
    for state in pending scheduled retry; do
        taken archive $state archived 'archived'
    done
}

delete_takes_all_but_what_runs()
{
    bring_all
    refused delete active 'task is running: it can only be cancelled'
    for state in pending scheduled retry archived completed; do
        taken delete $state gone 'deleted'
    done
    run "$weir" queue inspect default --json
    expect_json '.[0].size == 1 and .[0].active == 1'
}

reschedule_and_update_take_what_waits()
{
    bring_all
    for state in active pending archived completed; do
        run "$weir" task reschedule $state --in 5m
        expect_status 1
        expect_err "$state"
    done
    for state in active archived completed; do
        run "$weir" task update $state --payload new
        expect_status 1
    done
    for state in scheduled retry; do
        run "$weir" task reschedule $state --at 2100-01-02T03:04:05Z
        expect_status 0
        expect_out "$state: rescheduled"
        run "$weir" task inspect $state --json
        expect_json ".state == \"$state\" and .next_process_at == \"2100-01-02T03:04:05.000Z\""
    done
    for state in scheduled retry pending; do
        run "$weir" task update $state -l "new $state"
        expect_status 0
        run "$weir" task inspect $state --json
        expect_json ".state == \"$state\" and .payload == \"new $state\""
    done
    head -c 5000 /dev/urandom > "$tmp/bytes"
    run "$weir" task update pending --payload-file "$tmp/bytes" --json
    expect_json '.[0] == {"id": "pending", "queue": "default", "ok": true}'
    "$weir" task inspect pending --json | jq -r .payload_base64 | base64 -d | cmp - "$tmp/bytes" ||
        fail 'a file came back changed'
}

a_running_task_is_cancelled_and_tried_again()
{
    put --id a
    start_worker --exec 't=sleep 60'
    expect_state a active
    run "$weir" task cancel a
    expect_status 0
    expect_out 'a: asked to stop'
    expect_state a retry
    expect_json '.retried == 1 and (.last_err | startswith("context canceled"))'
    run "$weir" task cancel a
    expect_status 1
    expect_err 'a'
}

a_running_task_is_cancelled_without_retry()
{
    put --id kept
    put --id dropped --retention 1h
    start_worker --exec 't=sleep 60' --concurrency 2
    expect_state kept active
    expect_state dropped active
    expect_usage 'exclude each other' "$weir" task cancel kept --no-retry --revoke
    run "$weir" task cancel kept --no-retry
    expect_status 0
    expect_state kept archived
    expect_json '.max_retry == 25 and (.last_err | startswith("context canceled"))'
    run "$weir" task cancel -q default -i dropped --revoke --json
    expect_json '.[0].ok and .[0].id == "dropped"'
    wait_until 20 is_gone dropped || fail 'a revoked task is still there'
}

each_of_several_has_its_own_result()
{
    put --id a
    put --id b --queue low
    run "$weir" task archive a nosuch b --id a
    expect_status 1
    expect_out 'a: archived'
    expect_out 'b: archived'
    expect_err 'weir: nosuch: no task nosuch in any queue'
    expect_err 'weir: a: task is already archived'
    run "$weir" task rm a b nosuch --json
    expect_status 1
    expect_json 'map(.ok) == [true, true, false] and map(.queue) == ["default", "low", null]'
    expect_json '.[2].error.name == "WEIR_E_NO_TASK"'
    run "$weir" task delete --queue nosuch x
    expect_status 1
    expect_err 'nosuch'
    put --id both
    put --id both --queue low
    run "$weir" task remove both
    expect_status 1
    expect_err 'use --queue'
    run "$weir" task remove both -q low
    expect_status 0
    has_state both pending || fail 'the other queue lost its task'
}

a_deleted_task_frees_its_lock()
{
    put --id a --payload p --unique 1h
    run "$weir" task enqueue --type t --payload p --unique 1h
    expect_status 1
    "$weir" task delete a > /dev/null
    put --payload p --unique 1h
    run "$weir" task deleteall -q default -s pending --yes
    put --payload p --unique 1h
    run "$weir" queue rm default --force --yes
    expect_status 0
    put --payload p --unique 1h
}

the_all_verbs_take_a_whole_state()
{
    awk 'BEGIN { for (i = 0; i < 2500; i++) print "{\"type\":\"t\"}" }' |
        "$weir" task enqueue --from-jsonl - > /dev/null
    put --id later --in 1h
    run "$weir" task archiveall --queue default --state pending
    expect_status 0
    expect_out 'default: 2500 pending tasks archived'
    run "$weir" task runall -q default -s archived --json
    expect_json '. == {"queue": "default", "state": "archived", "group": null, "run": 2500}'
    run "$weir" task runall -q default -s scheduled
    expect_out 'default: 1 scheduled task set to run'
    run "$weir" task deleteall -q default -s pending --yes --json
    expect_json '.deleted == 2501'
    run "$weir" task deleteall -q default -s pending
    expect_status 0
    expect_out 'default: 0 pending tasks deleted'
}

wrong_orders_to_all_are_told()
{
    put
    for verb in runall archiveall deleteall; do
        expect_usage '--queue is missing' "$weir" task $verb --state retry
        expect_usage '--state is missing' "$weir" task $verb --queue default
        expect_usage '"active" is none of' "$weir" task $verb -q default -s active
        expect_usage '"done" is none of' "$weir" task $verb -q default -s "done"
        expect_usage '--group is for' "$weir" task $verb -q default -s retry -g g
        run "$weir" task $verb -q nosuch -s retry
        expect_status 1
        expect_err 'nosuch'
    done
    expect_usage 'none of scheduled, aggregating, retry, archived' \
        "$weir" task runall -q default -s pending
    expect_usage 'none of scheduled, aggregating, pending, retry' \
        "$weir" task archiveall -q default -s archived
    for verb in run archive delete cancel; do
        expect_usage 'ID... is missing' "$weir" task $verb
    done
    expect_usage 'one of --in and --at' "$weir" task reschedule x
    expect_usage 'one of --in and --at' "$weir" task reschedule x --in 1s --at 2100-01-01T00:00:00Z
    expect_usage 'one of --payload and' "$weir" task update x
    expect_usage 'one of --payload and' "$weir" task update x -l a --payload-file b
    run "$weir" task update x --payload-file "$tmp/none"
    expect_status 1
    expect_err "$tmp/none"
    run "$weir" task cancel nosuch
    expect_status 1
    expect_err 'no task nosuch'
}

nothing_is_deleted_unasked()
{
    put --id a
    expect_usage 'confirm with --yes' "$weir" task deleteall -q default -s pending
    expect_usage 'confirm with --yes' "$weir" queue rm --force default
    has_state a pending || fail 'deleted unasked'
}

# answer TEXT COMMAND...: with a terminal on which this is typed.
answer()
{
    typed=$1
    shift
    ran="$*"
    printf '%s\n' "$typed" | script -qec "$*" /dev/null > "$tmp/out" 2>&1
    status=$?
    cp "$tmp/out" "$tmp/err"
}

on_a_terminal_the_answer_counts()
{
    script -qec true /dev/null < /dev/null > /dev/null 2>&1 || return 0
    put --id a
    put --id b
    for no in '' n no 1 3 yess; do
        answer "$no" "$weir" task deleteall -q default -s pending
        expect_status 1
        expect_out 'This will delete 2 pending tasks of queue "default"'
        expect_out 'nothing was done'
    done
    has_state a pending || fail 'a no was taken as a yes'
    answer 2 "$weir" task deleteall -q default -s pending
    expect_status 0
    expect_out '2 pending tasks deleted'
    put --id a
    answer n "$weir" queue rm -f default
    expect_status 1
    has_state a pending || fail 'a no was taken as a yes'
    answer y "$weir" queue rm -f default
    expect_status 0
    run "$weir" queue ls --json
    expect_json '. == []'
}

queues_are_paused_and_resumed()
{
    put --queue a
    put --queue b
    run "$weir" queue pause a b
    expect_status 0
    expect_out 'a: paused'
    run "$weir" queue ls --json
    expect_json 'map(.paused) == [true, true]'
    run "$weir" queue pause a
    expect_status 1
    expect_err 'paused already'
    run "$weir" queue unpause a nosuch b --json
    expect_status 1
    expect_json 'map(.ok) == [true, false, true] and .[1].error.name == "WEIR_E_STATE"'
    run "$weir" queue resume a
    expect_status 1
    run "$weir" queue pause new
    expect_status 0
    expect_out 'no such queue yet'
    run "$weir" queue ls --json
    expect_json '[.[] | select(.queue == "new") | .paused, .size] == [true, 0]'
    put --queue new
    run "$weir" queue inspect new --json
    expect_json '.[0].paused'
    expect_usage 'QUEUE... is missing' "$weir" queue pause
}

queues_are_removed()
{
    put --queue full
    put --queue empty --id x
    "$weir" task delete x > /dev/null
    run "$weir" queue rm full empty nosuch
    expect_status 1
    expect_out 'empty: removed'
    expect_err 'full: queue "full" is not empty (--force deletes its tasks too)'
    expect_err 'nosuch'
    run "$weir" queue remove full -f --yes --json
    expect_status 0
    expect_json '.[0].queue == "full" and .[0].removed == 1 and .[0].ok'
    put --id busy
    start_worker --exec 't=sleep 60' --shutdown-timeout 0
    expect_state busy active
    run "$weir" queue delete -fy default
    expect_status 1
    expect_err 'active tasks'
    has_state busy active || fail 'a running task was deleted'
}

groups_are_listed_and_steered()
{
    "$weir" task enqueue --type t --queue other > /dev/null
    run "$weir" group ls
    expect_status 1
    expect_err 'default'
    put --group a
    put --group a
    put --group b
    run "$weir" group list
    expect_out 'OLDEST'
    run "$weir" queue ls
    expect_out 'AGGREGATING'
    run "$weir" group ls -q default --json
    expect_json 'map(.group) == ["a", "b"] and map(.size) == [2, 1] and .[0].type == "t"'
    run "$weir" task runall -q default -s aggregating -g a
    expect_out 'default: 2 aggregating tasks set to run'
    run "$weir" task deleteall -q default -s aggregating --yes
    expect_out 'default: 1 aggregating task deleted'
    run "$weir" group ls
    expect_out 'no groups'
    run "$weir" queue ls
    ! grep -q AGGREGATING "$tmp/out" || fail 'a column of groups without groups'
}

asynq_s_spellings_are_taken()
{
    run "$weir" task enqueue --type_name=t --payload=p --retry=3 --process_in=1h --id=a --queue=low
    expect_status 0
    run "$weir" task list -q low -s scheduled --page 1 --size 10 --json
    expect_json '.[0].max_retry == 3 and .[0].payload == "p"'
    run "$weir" task enqueue -t t -l p -i b -q low
    expect_status 0
    run "$weir" task inspect -q low -i b
    expect_out 'p (1 B)'
    run "$weir" help task enqueue
    ! grep -q process_in "$tmp/out" || fail 'a second spelling is shown'
    run "$weir" version
    expect_out 'weir '
    run "$weir" version --json
    expect_json '.version != null'
}

a_paused_queue_without_tasks_can_be_removed()
{
    put --id other
    "$weir" queue pause empty > /dev/null 2>&1 || fail 'not paused'
    run "$weir" queue rm empty
    expect_status 0
    run "$weir" --json queue ls
    expect_json 'map(.queue) == ["default"]'
    run "$weir" queue rm empty
    expect_status 1
    expect_err 'not found'
}

run_tests \
    run_takes_what_waits_or_is_kept \
    archive_takes_what_waits \
    delete_takes_all_but_what_runs \
    reschedule_and_update_take_what_waits \
    a_running_task_is_cancelled_and_tried_again \
    a_running_task_is_cancelled_without_retry \
    each_of_several_has_its_own_result \
    a_deleted_task_frees_its_lock \
    the_all_verbs_take_a_whole_state \
    wrong_orders_to_all_are_told \
    nothing_is_deleted_unasked \
    on_a_terminal_the_answer_counts \
    queues_are_paused_and_resumed \
    queues_are_removed \
    a_paused_queue_without_tasks_can_be_removed \
    groups_are_listed_and_steered \
    asynq_s_spellings_are_taken
