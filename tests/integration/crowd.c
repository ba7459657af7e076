/* SPDX-License-Identifier: MIT */
/*
 * Two workers and two producers on one broker, for WEIR_CROWD_SECONDS (5): no call of theirs fails, nothing runs
 * twice at once, and everything that was acknowledged is finished exactly once.
 */
#include <config.h>

#include "judge.h"
#include "roles.h"

#include <stdio.h>
#include <stdlib.h>

#define LEASE_MS "30000" /* long, so that no machine is too slow for it */
#define SETTLE_MS 120000

static void
run(struct crew_scene *scene, const char *acks, const char *log, const char *seconds)
{
    pid_t workers[2], producers[2];
    char seed[24];

    for (int i = 0; i < 2; i++) {
        snprintf(seed, sizeof(seed), "%u", crew_random(1000000));
        workers[i] = crew_start("worker", scene->url, log, scene->queues[0], scene->queues[1], "8",
                                LEASE_MS, (char *)NULL);
        producers[i] = crew_start("producer", scene->url, acks, scene->queues[0], scene->queues[1],
                                  seed, "0", seconds, (char *)NULL);
    }
    crew_pause_us(atol(seconds) * 1000000);
    for (int i = 0; i < 2; i++)
        crew_await(producers[i], "producer");
    if (!crew_until(crew_is_settled, scene, SETTLE_MS))
        crew_fail("the tasks are not done after %d s", SETTLE_MS / 1000);
    for (int i = 0; i < 2; i++)
        crew_end(workers[i], "worker");
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
    printf("crowd: %s s, %zu tasks acknowledged, %zu starts\n", seconds, evidence.acks.count,
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
    crew_seed("crowd");
    crew_open(&scene, "crowd");
    crew_path(&scene, "acks", acks);
    crew_path(&scene, "log", log);
    run(&scene, acks, log, seconds);
    judge(&scene, acks, log, seconds);
    crew_close(&scene);
    return crew_failures() > 0;
}
