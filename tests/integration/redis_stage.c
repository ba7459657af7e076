/* SPDX-License-Identifier: MIT */
/* Servers, processes and the account of the tests with faults of Redis; redis_stage.h tells more. */
#include <config.h>

#include "redis_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEASE_MS "3000"
#define PATIENCE_MS 30000
#define SETTLE_MS 60000

/* ---- servers ---- */

/* WAIT counts those that are sent what is written; the link is up a little sooner. */
static bool
replicas_are_there(void *arg)
{
    struct stage *stage = arg;

    return redis_server_replies(stage->servers[0], "WAIT 2 1", "2") &&
           redis_server_replies(stage->sentinel, "INFO sentinel", "slaves=2");
}

/* It gets to know the replicas sooner; an old one that cannot do this is only slower. */
static void
hurry(struct redis_server *sentinel)
{
    static const char *const periods[] = {"INFO-PERIOD 200", "PUBLISH-PERIOD 200",
                                          "PING-PERIOD 100", "ASK-PERIOD 100"};
    char line[64], text[256];

    for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
        snprintf(line, sizeof(line), "SENTINEL DEBUG %s", periods[i]);
        redis_server_say(sentinel, line, text, sizeof(text));
    }
}

static void
start_replicas(struct stage *stage)
{
    char line[64];

    snprintf(line, sizeof(line), "replicaof 127.0.0.1 %d", redis_server_port(stage->servers[0]));
    const char *options[] = {line, "repl-diskless-sync-delay 0", NULL};
    for (int i = 1; i < STAGE_SERVERS; i++)
        stage->servers[i] = redis_server_start(options);
    snprintf(line, sizeof(line), "sentinel monitor m 127.0.0.1 %d 1",
             redis_server_port(stage->servers[0]));
    const char *lines[] = {line, "sentinel down-after-milliseconds m 500",
                           "sentinel failover-timeout m 1000", "sentinel parallel-syncs m 2", NULL};
    stage->sentinel = redis_sentinel_start(lines);
    if (stage->servers[1] == NULL || stage->servers[2] == NULL || stage->sentinel == NULL)
        exit(2);
    hurry(stage->sentinel);
    if (!crew_until(replicas_are_there, stage, PATIENCE_MS))
        crew_fail("the replicas are not there");
}

static void
start_servers(struct stage *stage, const struct stage_plan *plan)
{
    char url[CREW_PATH_SIZE];

    stage->servers[0] = redis_server_start(plan->options);
    if (stage->servers[0] == NULL)
        exit(2);
    if (plan->with_sentinel) {
        start_replicas(stage);
        snprintf(url, sizeof(url), "redis+sentinel://127.0.0.1:%d/m%s",
                 redis_server_port(stage->sentinel), plan->parameters);
    } else {
        snprintf(url, sizeof(url), "%s%s", redis_server_unix_url(stage->servers[0]),
                 plan->parameters);
    }
    setenv("WEIR_TEST_BROKER", url, 1);
}

void
stage_say(struct stage *stage, const char *line, const char *expected)
{
    char text[512] = "no reply";

    if (!redis_server_say(stage->servers[0], line, text, sizeof(text)) ||
        (expected != NULL && strstr(text, expected) == NULL))
        crew_fail("%s: %s", line, text);
}

/* ---- processes ---- */

static void
start_processes(struct stage *stage)
{
    struct crew_scene *scene = &stage->scene;
    char seed[24];

    for (int i = 0; i < 2; i++) {
        snprintf(seed, sizeof(seed), "%u", crew_random(1000000));
        stage->workers[i] = crew_start("worker", scene->url, stage->log, scene->queues[0],
                                       scene->queues[1], "8", LEASE_MS, (char *)NULL);
        stage->producers[i] = crew_start("steady", scene->url, stage->acks, scene->queues[0],
                                         scene->queues[1], seed, stage->stop, (char *)NULL);
    }
}

void
stage_open(struct stage *stage, const struct stage_plan *plan)
{
    memset(stage, 0, sizeof(*stage));
    start_servers(stage, plan);
    crew_open(&stage->scene, "redis");
    crew_path(&stage->scene, "acks", stage->acks);
    crew_path(&stage->scene, "acks.refused", stage->refusals);
    crew_path(&stage->scene, "log", stage->log);
    crew_path(&stage->scene, "log.words", stage->words);
    crew_path(&stage->scene, "stop", stage->stop);
    start_processes(stage);
    stage_goes_on(stage, 50);
}

double
stage_worker_cpu_s(const struct stage *stage)
{
    unsigned long ticks = 0, user, system;
    char path[64];

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)stage->workers[i]);
        FILE *file = fopen(path, "r");
        if (file == NULL || fscanf(file,
                                   "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
                                   "%lu %lu",
                                   &user, &system) != 2)
            crew_fail("%s cannot be read", path);
        else
            ticks += user + system;
        if (file != NULL)
            fclose(file);
    }
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

/* ---- waiting ---- */

struct goal {
    struct stage *stage;
    size_t acks, ends;
};

static size_t
acked(const struct stage *stage)
{
    return ledger_count(stage->acks, "ack") + ledger_count(stage->acks, "once");
}

static bool
is_reached(void *arg)
{
    const struct goal *goal = arg;

    return acked(goal->stage) >= goal->acks && ledger_count(goal->stage->log, "end") >= goal->ends;
}

void
stage_goes_on(struct stage *stage, size_t tasks)
{
    struct goal goal = {stage, acked(stage) + tasks, ledger_count(stage->log, "end") + tasks};

    if (!crew_until(is_reached, &goal, PATIENCE_MS))
        crew_fail("it does not go on: %zu of %zu tasks acknowledged, %zu of %zu finished",
                  acked(stage), goal.acks, ledger_count(stage->log, "end"), goal.ends);
}

struct refusals {
    const struct stage *stage;
    const char *code;
    size_t times;
};

static size_t
refused(const struct stage *stage, const char *code)
{
    char what[64];

    snprintf(what, sizeof(what), "refused%s%s", code[0] != '\0' ? " " : "", code);
    return ledger_count(stage->refusals, what);
}

static bool
is_refused(void *arg)
{
    const struct refusals *refusals = arg;

    return refused(refusals->stage, refusals->code) >= refusals->times;
}

void
stage_is_refused(struct stage *stage, const char *code, size_t times)
{
    struct refusals refusals = {stage, code, refused(stage, code) + times};

    if (!crew_until(is_refused, &refusals, PATIENCE_MS))
        crew_fail("producers were not refused %zu times with %s", times, code);
}

struct since {
    const struct stage *stage;
    int64_t at_us;
};

static bool
all_are_refused(void *arg)
{
    const struct since *since = arg;
    bool refused[2] = {false, false};
    struct ledger ledger = {0};

    ledger_read(&ledger, since->stage->refusals);
    for (size_t i = 0; i < ledger.count; i++) {
        for (int k = 0; k < 2; k++)
            refused[k] = refused[k] || (ledger.entries[i].pid == since->stage->producers[k] &&
                                        ledger.entries[i].at_us > since->at_us);
    }
    ledger_free(&ledger);
    return refused[0] && refused[1];
}

void
stage_refuses_all(struct stage *stage)
{
    struct since since = {stage, crew_now_us()};

    if (!crew_until(all_are_refused, &since, PATIENCE_MS))
        crew_fail("not every producer was refused");
}

static bool
is_quiet(void *arg)
{
    const struct stage *stage = arg;

    return ledger_count(stage->log, "start") == ledger_count(stage->log, "end") +
                                                    ledger_count(stage->log, "fail") +
                                                    ledger_count(stage->log, "lost");
}

void
stage_is_quiet(struct stage *stage)
{
    if (!crew_until(is_quiet, stage, PATIENCE_MS))
        crew_fail("handlers go on for ever");
}

size_t
stage_words(const struct stage *stage, const char *text)
{
    FILE *file = fopen(stage->words, "r");
    char line[2048];
    size_t count = 0;

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL)
        count += strstr(line, text) != NULL;
    fclose(file);
    return count;
}

struct words {
    const struct stage *stage;
    const char *text;
};

static bool
is_heard(void *arg)
{
    const struct words *words = arg;

    return stage_words(words->stage, words->text) > 0;
}

void
stage_hears(struct stage *stage, const char *text)
{
    struct words words = {stage, text};

    if (!crew_until(is_heard, &words, PATIENCE_MS))
        crew_fail("no worker says \"%s\"", text);
}

void
stage_may_lose(struct stage *stage, int64_t from_us)
{
    struct evidence *evidence = &stage->evidence;

    if (evidence->window_count == JUDGE_WINDOWS)
        exit(2);
    evidence->windows[evidence->window_count++] = (struct window){from_us, crew_now_us()};
}

/* ---- the account ---- */

static void
judge(struct stage *stage)
{
    struct evidence *evidence = &stage->evidence;

    judge_gather(evidence, &stage->scene, stage->acks, stage->log);
    judge_acknowledged(evidence);
    judge_finished(evidence);
    judge_overlaps(evidence);
    judge_counters(evidence, &stage->scene);
    printf("   %zu tasks acknowledged, %zu lost as allowed, %zu calls refused, %zu starts, "
           "%zu leases lost\n",
           evidence->acks.count, evidence->lost_in_windows, refused(stage, ""),
           ledger_count(stage->log, "start"), evidence->lost_leases);
    judge_release(evidence);
}

void
stage_close(struct stage *stage)
{
    FILE *file = fopen(stage->stop, "w");

    if (file != NULL)
        fclose(file);
    for (int i = 0; i < 2; i++)
        crew_await(stage->producers[i], "producer");
    if (!crew_until(crew_is_settled, &stage->scene, SETTLE_MS))
        crew_fail("the tasks are not done after %d s", SETTLE_MS / 1000);
    for (int i = 0; i < 2; i++)
        crew_end(stage->workers[i], "worker");
    judge(stage);
    crew_close(&stage->scene);
    redis_server_free(stage->sentinel);
    for (int i = 0; i < STAGE_SERVERS; i++)
        redis_server_free(stage->servers[i]);
}
