/* SPDX-License-Identifier: MIT */
/*
 * Redis fails in every way it knows, under two workers and two producers: each scenario is one way, WEIR_REDIS_FAULT_ROUNDS
 * times (2). redis_faults [TEXT] plays those whose name contains the text.
 *
 * In each, workers and producers go on by themselves; in the end every acknowledged task is done (but where
 * Redis itself may lose it: then exactly in the stated window), and none that was finished has run again.
 */
#include <config.h>

#include "redis_stage.h"
#include "roles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define AWAY_CPU_LIMIT 0.10 /* of one processor, both workers together */
#define WINDOW_MS 2000      /* of appendfsync everysec */

static long
rounds(void)
{
    return crew_number("WEIR_REDIS_FAULT_ROUNDS", 2);
}

static void
say_again_and_again(struct stage *stage, const char *const *lines, long times)
{
    for (long i = 0; i < times; i++) {
        for (size_t k = 0; lines[k] != NULL; k++)
            stage_say(stage, lines[k], NULL);
        crew_pause_us(1000 + crew_random(60000));
    }
}

/* ---- a connection that stays, for when no new one is to be had ---- */

static int
connection_open(struct stage *stage)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(to.sun_path, sizeof(to.sun_path), "%s", redis_server_socket(stage->servers[0]));
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        crew_fail("no connection to %s", to.sun_path);
    return fd;
}

/* The reply is nobody's business. */
static void
connection_send(int fd, const char *lines)
{
    if (send(fd, lines, strlen(lines), MSG_NOSIGNAL) != (ssize_t)strlen(lines))
        crew_fail("could not be sent: %s", lines);
}

/* ---- killed ---- */

static void
it_is_killed_with_appendfsync_always(struct stage *stage)
{
    for (long i = 0; i < rounds(); i++) {
        crew_pause_us(crew_random(300000));
        redis_server_kill(stage->servers[0]);
        crew_pause_us(crew_random(400000));
        if (!redis_server_restart(stage->servers[0]))
            crew_fail("redis-server does not start again");
        stage_goes_on(stage, 50);
    }
}

/* The file as the power's going out leaves it: cut at some byte of what was written since. */
static void
cut(const struct stage *stage, const char *path, off_t from)
{
    struct stat now;

    if (stat(path, &now) != 0 ||
        truncate(path, from + (off_t)crew_random((unsigned)(now.st_size - from + 1))) != 0)
        crew_fail("cutting %s in %s", path, stage->scene.dir);
}

static void
the_power_goes_out_with_appendfsync_everysec(struct stage *stage)
{
    char path[256];
    struct stat before = {0};

    snprintf(path, sizeof(path), "%s/appendonlydir/appendonly.aof.1.incr.aof",
             redis_server_folder(stage->servers[0]));
    for (long i = 0; i < rounds(); i++) {
        int64_t from_us = crew_now_us();
        if (stat(path, &before) != 0)
            crew_fail("no %s", path);
        crew_pause_us(crew_random(1500000));
        redis_server_kill(stage->servers[0]);
        if (crew_now_us() - from_us > WINDOW_MS * 1000)
            printf("   this machine is slow: more than two seconds are lost\n");
        stage_is_quiet(stage);
        stage_refuses_all(stage);
        cut(stage, path, before.st_size);
        /* While a sync is under way Redis keeps what is to be written, for up to two seconds, and answers. */
        stage_may_lose(stage, from_us - WINDOW_MS * 1000);
        if (!redis_server_restart(stage->servers[0]))
            crew_fail("redis-server does not start again");
        stage_goes_on(stage, 50);
    }
}

static void
it_is_stopped_and_loads_for_a_while(struct stage *stage)
{
    redis_server_stop(stage->servers[0]);
    if (!redis_server_restart(stage->servers[0]))
        crew_fail("redis-server does not start again");
    stage_say(stage, "PING", "LOADING");
    stage_is_refused(stage, "WEIR_E_UNAVAILABLE", 1);
    stage_say(stage, "CONFIG SET key-load-delay 0", "OK");
    stage_goes_on(stage, 50);
}

/* ---- connections ---- */

static void
every_connection_is_cut(struct stage *stage)
{
    static const char *const lines[] = {"CLIENT KILL TYPE normal", "CLIENT KILL TYPE pubsub", NULL};

    say_again_and_again(stage, lines, 10 * rounds());
    stage_goes_on(stage, 50);
}

static void
there_are_too_many_clients(struct stage *stage)
{
    int fd = connection_open(stage);

    connection_send(fd, "CONFIG SET maxclients 2\r\nCLIENT KILL TYPE normal\r\n"
                        "CLIENT KILL TYPE pubsub\r\n");
    stage_is_refused(stage, "WEIR_E_UNAVAILABLE", 2);
    stage_hears(stage, "max number of clients");
    connection_send(fd, "CONFIG SET maxclients 1000\r\n");
    stage_goes_on(stage, 50);
    close(fd);
}

/* ---- it answers, but not as it should ---- */

static void
it_pauses_for_two_seconds(struct stage *stage)
{
    stage_say(stage, "CLIENT PAUSE 2000 ALL", "OK");
    stage_goes_on(stage, 50);
    stage_hears(stage, "timed out");
}

static void
its_scripts_are_flushed(struct stage *stage)
{
    static const char *const lines[] = {"SCRIPT FLUSH", NULL};

    say_again_and_again(stage, lines, 20 * rounds());
    stage_goes_on(stage, 50);
    if (ledger_count(stage->refusals, "refused") > 0)
        crew_fail("flushed scripts were noticed");
}

static void
its_memory_is_full(struct stage *stage)
{
    stage_say(stage, "CONFIG SET maxmemory 1000", "OK");
    stage_is_refused(stage, "WEIR_E_FULL", 20);
    if (!crew_until(crew_is_settled, &stage->scene, 20000))
        crew_fail("what was there is not done while no memory is left");
    stage_say(stage, "CONFIG SET maxmemory 0", "OK");
    stage_goes_on(stage, 50);
}

static void
it_is_made_a_replica_for_a_while(struct stage *stage)
{
    char line[64];

    snprintf(line, sizeof(line), "REPLICAOF 127.0.0.1 %d", redis_server_free_port());
    for (long i = 0; i < rounds(); i++) {
        stage_say(stage, line, "OK");
        stage_is_refused(stage, "WEIR_E_READONLY", 5);
        stage_say(stage, "REPLICAOF NO ONE", "OK");
        stage_goes_on(stage, 50);
    }
}

static void
a_script_of_somebodys_takes_long(struct stage *stage)
{
    int fd = connection_open(stage);

    connection_send(fd, "EVAL \"while true do end\" 0\r\n");
    stage_is_refused(stage, "WEIR_E_BUSY", 2);
    stage_say(stage, "SCRIPT KILL", "OK");
    stage_goes_on(stage, 50);
    close(fd);
}

/* ---- away ---- */

static void
it_is_away(struct stage *stage)
{
    double seconds = (double)crew_number("WEIR_REDIS_FAULT_SECONDS", 4);
    size_t outages = stage_words(stage, "redis cannot be used"), words = stage_words(stage, "");

    redis_server_kill(stage->servers[0]);
    stage_is_quiet(stage);
    stage_is_refused(stage, "WEIR_E_UNAVAILABLE", 1);
    double before_s = stage_worker_cpu_s(stage);
    crew_pause_us((int64_t)(seconds * 1e6));
    double share = (stage_worker_cpu_s(stage) - before_s) / seconds;
    outages = stage_words(stage, "redis cannot be used") - outages;
    words = stage_words(stage, "") - words;
    printf("   away for %.0f s: %.1f %% of a processor for both workers, %zu warnings\n", seconds,
           share * 100, words);
    if (share > AWAY_CPU_LIMIT)
        crew_fail("workers without Redis use %.1f %% of a processor", share * 100);
    if (outages != 2)
        crew_fail("two workers said %zu times that Redis cannot be used", outages);
    if (words > 6)
        crew_fail("two workers gave %zu warnings", words);
    if (!redis_server_restart(stage->servers[0]))
        crew_fail("redis-server does not start again");
    stage_goes_on(stage, 50);
}

/* ---- failover ---- */

static void
sentinel_makes_another_the_master(struct stage *stage)
{
    redis_server_kill(stage->servers[0]);
    stage_goes_on(stage, 50);
}

static void
sentinel_fails_over_without_wait_replicas(struct stage *stage)
{
    int64_t killed_us = crew_now_us();

    redis_server_kill(stage->servers[0]);
    stage_is_refused(stage, "", 1);
    stage_may_lose(stage, killed_us - WINDOW_MS * 1000);
    stage_goes_on(stage, 50);
}

/* ---- */

static const char *const always[] = {"appendonly yes", "appendfsync always",
                                     "auto-aof-rewrite-percentage 0", NULL};
static const char *const everysec[] = {"appendonly yes", "appendfsync everysec",
                                       "auto-aof-rewrite-percentage 0", NULL};
static const char *const slow_load[] = {"save 3600 1", "key-load-delay 50000",
                                        "loading-process-events-interval-bytes 1024", NULL};
static const char *const soon_busy[] = {"lua-time-limit 100", NULL};
static const char *const master[] = {"repl-diskless-sync-delay 0", NULL};

static const struct scenario {
    const char *name;
    struct stage_plan plan;
    void (*play)(struct stage *stage);
} scenarios[] = {
    {"it is killed, with appendfsync always",
     {always, "", false},
     it_is_killed_with_appendfsync_always},
    {"the power goes out, with appendfsync everysec",
     {everysec, "", false},
     the_power_goes_out_with_appendfsync_everysec},
    {"it is stopped and loads for a while",
     {slow_load, "", false},
     it_is_stopped_and_loads_for_a_while},
    {"every connection is cut, again and again", {NULL, "", false}, every_connection_is_cut},
    {"there are too many clients", {NULL, "", false}, there_are_too_many_clients},
    {"it pauses for two seconds", {NULL, "?timeout=500ms", false}, it_pauses_for_two_seconds},
    {"its scripts are flushed, again and again", {NULL, "", false}, its_scripts_are_flushed},
    {"its memory is full", {NULL, "", false}, its_memory_is_full},
    {"it is made a replica for a while", {NULL, "", false}, it_is_made_a_replica_for_a_while},
    {"a script of somebody's takes long", {soon_busy, "", false}, a_script_of_somebodys_takes_long},
    {"it is away", {always, "", false}, it_is_away},
    {"Sentinel makes another the master, with wait_replicas",
     {master, "?wait_replicas=1&timeout=2s", true},
     sentinel_makes_another_the_master},
    {"Sentinel makes another the master, without wait_replicas",
     {master, "?timeout=2s", true},
     sentinel_fails_over_without_wait_replicas},
};

static void
play(const struct scenario *scenario)
{
    int before = crew_failures();
    int64_t from_us = crew_now_us();
    struct stage stage;

    stage_open(&stage, &scenario->plan);
    scenario->play(&stage);
    stage_close(&stage);
    printf("%s: %s (%.1f s)\n", scenario->name, crew_failures() > before ? "FAILED" : "ok",
           (double)(crew_now_us() - from_us) / 1e6);
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    size_t played = 0;
    int status;

    if (roles_play(argc, argv, &status))
        return status;
    if (!redis_server_available()) {
        printf("skipped: no redis-server to start\n");
        return 77;
    }
    crew_seed("redis_faults");
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        if (argc > 1 && strstr(scenarios[i].name, argv[1]) == NULL)
            continue;
        play(&scenarios[i]);
        played++;
    }
    printf("redis_faults: %zu scenarios, %d failures\n", played, crew_failures());
    return crew_failures() > 0 || played == 0;
}
