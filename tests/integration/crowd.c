/* SPDX-License-Identifier: MIT */
/*
 * WEIR_CROWD_WORKERS and WEIR_CROWD_PRODUCERS (2 each) processes on one broker, for WEIR_CROWD_SECONDS (5): no call of
 * theirs fails, nothing runs twice at once, and everything that was acknowledged is finished exactly once.
 */
#include <config.h>

#include "judge.h"
#include "roles.h"

#include <stdio.h>
#include <stdlib.h>

#define LEASE_MS "30000" /* long, so that no machine is too slow for it */
#define SETTLE_MS 120000

enum {
    MOST = 256
};

struct crowd {
    pid_t pids[MOST];
    long count;
};

static struct crowd workers, producers;

static long
size_of(const char *variable)
{
    long count = crew_number(variable, 2);

    if (count < 1 || count > MOST) {
        fprintf(stderr, "%s: 1 to %d\n", variable, MOST);
        exit(2);
    }
    return count;
}

static void
run(struct crew_scene *scene, const char *acks, const char *log, const char *seconds)
{
    char seed[24];

    for (long i = 0; i < workers.count; i++) {
        workers.pids[i] = crew_start("worker", scene->url, log, scene->queues[0], scene->queues[1],
                                     "8", LEASE_MS, (char *)NULL);
    }
    for (long i = 0; i < producers.count; i++) {
        snprintf(seed, sizeof(seed), "%u", crew_random(1000000));
        producers.pids[i] = crew_start("producer", scene->url, acks, scene->queues[0],
                                       scene->queues[1], seed, "0", seconds, (char *)NULL);
    }
    crew_pause_us(atol(seconds) * 1000000);
    for (long i = 0; i < producers.count; i++)
        crew_await(producers.pids[i], "producer");
    if (!crew_until(crew_is_settled, scene, SETTLE_MS))
        crew_fail("the tasks are not done after %d s", SETTLE_MS / 1000);
    for (long i = 0; i < workers.count; i++)
        crew_end(workers.pids[i], "worker");
}

static void
judge(struct crew_scene *scene, const char *acks, const char *log, const char *seconds)
{
    struct evidence evidence = {0};

    judge_gather(&evidence, scene, acks, log);
    if (ledger_find(&evidence.log, "-") != NULL)
        crew_fail("a worker's call to the broker failed");
    judge_acknowledged(&evidence);
    judge_finished(&evidence);
    judge_overlaps(&evidence);
    judge_counters(&evidence, scene);
    judge_once(&evidence);
    if (evidence.lost_leases > 0)
        crew_fail("%zu leases were lost", evidence.lost_leases);
    printf("crowd: %ld producers, %ld workers, %s s, %zu tasks acknowledged, %zu starts\n",
           producers.count, workers.count, seconds, evidence.acks.count,
           ledger_count(log, "start"));
    judge_release(&evidence);
}

int
main(int argc, char **argv)
{
    struct crew_scene scene;
    char acks[CREW_PATH_SIZE], log[CREW_PATH_SIZE], seconds[24];
    int status;

    if (roles_play(argc, argv, &status))
        return status;
    snprintf(seconds, sizeof(seconds), "%ld", crew_number("WEIR_CROWD_SECONDS", 5));
    workers.count = size_of("WEIR_CROWD_WORKERS");
    producers.count = size_of("WEIR_CROWD_PRODUCERS");
    crew_seed("crowd");
    crew_open(&scene, "crowd");
    crew_path(&scene, "acks", acks);
    crew_path(&scene, "log", log);
    run(&scene, acks, log, seconds);
    judge(&scene, acks, log, seconds);
    crew_close(&scene);
    return crew_failures() > 0;
}
