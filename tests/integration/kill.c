/* SPDX-License-Identifier: MIT */
/*
 * Workers and producers are killed at random moments, WEIR_KILL_ROUNDS times (5); another worker takes over.
 *
 * In each round two producers enqueue while one or two workers run. Once a random number of tasks has started,
 * and up to 400 ms later, a worker gets SIGKILL, and another one is started; sometimes that one fares
 * no better, and sometimes a producer goes too. In the end every acknowledged task is completed (or archived, when it
 * had no retries and was running), nothing that was finished has started again, no two live workers ran a task at
 * once, and what the dead ones held ran again soon after its lease ended.
 */
#include <config.h>

#include "judge.h"
#include "roles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASE_MS 1000
#define RECOVERY_LIMIT_MS 5000
#define SETTLE_MS 60000
#define DELAYS 100000

struct round {
    struct crew_scene *scene;
    char acks[CREW_PATH_SIZE];
    char log[CREW_PATH_SIZE];
    pid_t workers[3]; /* that live, 0: none */
    pid_t producers[2];
    struct evidence evidence;
};

static struct totals {
    size_t acked, starts, kills, producer_kills, lost_leases, archived;
    double delays_ms[DELAYS];
    size_t delay_count;
} totals;

static pid_t
start_worker(const struct round *round)
{
    char lease[16];

    snprintf(lease, sizeof(lease), "%d", LEASE_MS);
    return crew_start("worker", round->scene->url, round->log, round->scene->queues[0],
                      round->scene->queues[1], "8", lease, (char *)NULL);
}

static pid_t
start_producer(const struct round *round)
{
    char seed[24], count[24];

    snprintf(seed, sizeof(seed), "%u", crew_random(1000000));
    snprintf(count, sizeof(count), "%u", 200 + crew_random(300));
    return crew_start("producer", round->scene->url, round->acks, round->scene->queues[0],
                      round->scene->queues[1], seed, count, "0", (char *)NULL);
}

/* Enough has started since, or nothing more will. */
struct progress {
    struct round *round;
    size_t starts;
};

static bool
has_progressed(void *arg)
{
    struct progress *progress = arg;

    return ledger_count(progress->round->log, "start") >= progress->starts;
}

static void
wait_for_a_random_moment(struct round *round)
{
    struct progress progress = {round, ledger_count(round->log, "start") + 1 + crew_random(30)};

    crew_until(has_progressed, &progress, 3000);
    crew_pause_us(1000 + crew_random(400000));
}

static void
kill_a_worker(struct round *round, int index)
{
    struct kill *kill = &round->evidence.kills[round->evidence.kill_count++];

    kill->pid = round->workers[index];
    kill->at_us = crew_now_us();
    crew_kill(round->workers[index]);
    listing_read(&kill->completed, round->scene, WEIR_STATE_COMPLETED);
    listing_read(&kill->active, round->scene, WEIR_STATE_ACTIVE);
    round->workers[index] = start_worker(round);
    kill->takeover_us = crew_now_us();
    totals.kills++;
}

static void
kill_a_producer(struct round *round)
{
    crew_kill(round->producers[1]);
    round->producers[1] = 0;
    totals.producer_kills++;
}

static void
run(struct round *round)
{
    bool kills_producer = crew_chance(3);

    for (int i = 0; i < 2; i++)
        round->producers[i] = start_producer(round);
    round->workers[0] = start_worker(round);
    if (crew_chance(3))
        round->workers[1] = start_worker(round);
    wait_for_a_random_moment(round);
    if (kills_producer)
        kill_a_producer(round);
    kill_a_worker(round, 0);
    if (crew_chance(3)) {
        wait_for_a_random_moment(round);
        kill_a_worker(round, 0);
    }
    for (int i = 0; i < 2; i++) {
        if (round->producers[i] != 0)
            crew_await_writer(round->producers[i], "producer", round->acks);
    }
    if (!crew_until(crew_is_settled, round->scene, SETTLE_MS))
        crew_fail("the tasks are not done after %d s", SETTLE_MS / 1000);
    for (int i = 0; i < 3; i++) {
        if (round->workers[i] != 0)
            crew_end(round->workers[i], "worker");
    }
}

static void
judge(struct round *round)
{
    struct evidence *evidence = &round->evidence;

    evidence->lease_ms = LEASE_MS;
    judge_gather(evidence, round->scene, round->acks, round->log);
    judge_acknowledged(evidence);
    judge_finished(evidence);
    judge_overlaps(evidence);
    judge_counters(evidence, round->scene);
    totals.delay_count =
        judge_recovery(evidence, totals.delays_ms, totals.delay_count, DELAYS, RECOVERY_LIMIT_MS);
    totals.acked += evidence->acks.count;
    totals.starts += ledger_count(round->log, "start");
    totals.lost_leases += evidence->lost_leases;
    for (size_t i = 0; i < evidence->tasks.count; i++)
        totals.archived += evidence->tasks.tasks[i].state == WEIR_STATE_ARCHIVED;
    judge_release(evidence);
}

static void
play_round(struct crew_scene *scene, int number)
{
    struct round round = {.scene = scene};
    char name[32];

    crew_name_queues(scene, "kill", (uint64_t)number);
    snprintf(name, sizeof(name), "acks-%d", number);
    crew_path(scene, name, round.acks);
    snprintf(name, sizeof(name), "log-%d", number);
    crew_path(scene, name, round.log);
    run(&round);
    judge(&round);
    if (crew_failures() > 0)
        printf("in round %d\n", number);
}

static int
by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;

    return (one > other) - (one < other);
}

static void
report(int rounds)
{
    size_t count = totals.delay_count;

    qsort(totals.delays_ms, count, sizeof(double), by_value);
    printf("%zu leases of live workers lost, %zu producers killed, %zu tasks archived\n",
           totals.lost_leases, totals.producer_kills, totals.archived);
    printf("kill: %d rounds, %zu kills, %zu tasks acknowledged, %zu starts; recovered after the "
           "lease: %zu, median %.0f ms, worst %.0f ms\n",
           rounds, totals.kills, totals.acked, totals.starts, count,
           count > 0 ? totals.delays_ms[count / 2] : 0,
           count > 0 ? totals.delays_ms[count - 1] : 0);
}

int
main(int argc, char **argv)
{
    int rounds = (int)crew_number("WEIR_KILL_ROUNDS", 5);
    int status, done = 0;
    struct crew_scene scene;

    if (roles_play(argc, argv, &status))
        return status;
    crew_seed("kill");
    crew_open(&scene, "kill");
    while (done < rounds && crew_failures() == 0)
        play_round(&scene, ++done);
    report(done);
    crew_close(&scene);
    return crew_failures() > 0;
}
