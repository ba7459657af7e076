/* SPDX-License-Identifier: MIT */
/*
 * A worker stands still for longer than its lease, with tasks in hand, while another one goes on; then it wakes up.
 *
 * The work of the two may overlap, but what the stalled one says of it is refused: every task is completed once, and
 * counted once. WEIR_STALL_ROUNDS rounds (2).
 *
 * A process that stands still in the middle of a transaction of SQLite's holds the file's lock, and nobody can do
 * anything about that; so it is let go and stopped again until another one can write.
 */
#include <config.h>

#include "judge.h"
#include "roles.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LEASE_MS "500"
#define SETTLE_MS 60000
#define TASKS 32
#define STOPS 50

struct round {
    struct crew_scene *scene;
    char acks[CREW_PATH_SIZE];
    char log[CREW_PATH_SIZE];
    int acks_fd;
    size_t starts;
};

static pid_t
start_worker(const struct round *round)
{
    return crew_start("worker", round->scene->url, round->log, round->scene->queues[0],
                      round->scene->queues[1], "8", LEASE_MS, (char *)NULL);
}

static bool
has_started(void *arg)
{
    const struct round *round = arg;

    return ledger_count(round->log, "start") >= round->starts;
}

static void
settle(struct round *round)
{
    if (!crew_until(crew_is_settled, round->scene, SETTLE_MS))
        crew_fail("the tasks are not done after %d s", SETTLE_MS / 1000);
}

/* Enqueues a task, on a broker handle that does not wait long for SQLite's lock. */
static bool
can_write(const struct round *round, const char *payload)
{
    const char *patience = strncmp(round->scene->url, "sqlite:", 7) == 0 ? "?busy_timeout=300ms"
                                                                         : "";
    char url[CREW_PATH_SIZE + 128];
    weir_task task = {.type = "t",
                      .queue = round->scene->queues[0],
                      .payload = payload,
                      .payload_len = strlen(payload),
                      .retention_ms = 60 * 60 * 1000};
    weir_receipt receipt = {0};
    weir_broker *broker = NULL;
    weir_client *client = NULL;

    snprintf(url, sizeof(url), "%s%s", round->scene->url, patience);
    int code = weir_broker_open(&broker, url, NULL, NULL);
    if (code == 0)
        code = weir_client_new(&client, broker, NULL);
    if (code == 0)
        code = weir_enqueue(client, &task, &receipt, NULL);
    if (code == 0)
        ledger_append(round->acks_fd, "ack", receipt.id);
    weir_client_free(client);
    weir_broker_close(broker);
    return code == 0;
}

static void
stop_outside_transactions(const struct round *round, pid_t pid)
{
    crew_stop(pid);
    for (unsigned tries = 1; !can_write(round, "0 0"); tries++) {
        if (tries > STOPS) {
            crew_fail("the worker is in a transaction whenever it is stopped");
            return;
        }
        /* On a slow disk much is to be written after a stop: it gets longer and longer for that. */
        kill(pid, SIGCONT);
        crew_pause_us(1000 + crew_random(50000 * tries));
        crew_stop(pid);
    }
}

/* Tasks that take their time, so that their worker is seldom in a transaction. */
static void
enqueue_all(const struct round *round)
{
    char payload[16];

    for (int i = 0; i < TASKS; i++) {
        snprintf(payload, sizeof(payload), "%u %d", 200 + crew_random(200), crew_chance(5));
        if (!can_write(round, payload))
            crew_fail("enqueueing a task");
    }
}

static void
run(struct round *round)
{
    pid_t stalled, other;

    enqueue_all(round);
    stalled = start_worker(round);
    round->starts = 1 + crew_random(TASKS / 2);
    crew_until(has_started, round, 10000);
    crew_pause_us(crew_random(200000));
    stop_outside_transactions(round, stalled);
    other = start_worker(round);
    settle(round);
    kill(stalled, SIGCONT);
    crew_end(stalled, "the worker that stood still");
    settle(round);
    crew_end(other, "worker");
}

static void
play_round(struct crew_scene *scene, int number)
{
    struct round round = {.scene = scene};
    struct evidence evidence = {0};
    char name[32];

    crew_name_queues(scene, "stall", (uint64_t)number);
    snprintf(name, sizeof(name), "acks-%d", number);
    crew_path(scene, name, round.acks);
    snprintf(name, sizeof(name), "log-%d", number);
    crew_path(scene, name, round.log);
    round.acks_fd = ledger_open(round.acks);
    run(&round);
    close(round.acks_fd);
    judge_gather(&evidence, scene, round.acks, round.log);
    judge_acknowledged(&evidence);
    judge_counters(&evidence, scene);
    printf("%zu tasks acknowledged, %zu starts, %zu lost\n", evidence.acks.count,
           ledger_count(round.log, "start"), ledger_count(round.log, "lost"));
    judge_release(&evidence);
}

int
main(int argc, char **argv)
{
    int rounds = (int)crew_number("WEIR_STALL_ROUNDS", 2);
    int status, done = 0;
    struct crew_scene scene;

    if (roles_play(argc, argv, &status))
        return status;
    crew_seed("stall");
    crew_open(&scene, "stall");
    while (done < rounds && crew_failures() == 0)
        play_round(&scene, ++done);
    printf("stall: %d rounds\n", done);
    crew_close(&scene);
    return crew_failures() > 0;
}
