/* SPDX-License-Identifier: MIT */
/*
 * Where a fault of Redis is played: a redis-server (or a master with two replicas and a sentinel), two workers and two
 * producers that go on whatever happens, and the account in the end.
 */
#ifndef REDIS_STAGE_H
#define REDIS_STAGE_H

#include "judge.h"

#include "redis_server.h"

#define STAGE_SERVERS 3

struct stage_plan {
    const char *const *options; /* of redis-server; may be NULL */
    const char *parameters;     /* of the URL */
    bool with_sentinel;
};

struct stage {
    struct crew_scene scene;
    struct redis_server *servers[STAGE_SERVERS]; /* the first is the master, at first */
    struct redis_server *sentinel;
    char acks[CREW_PATH_SIZE];
    char refusals[CREW_PATH_SIZE];
    char log[CREW_PATH_SIZE];
    char words[CREW_PATH_SIZE]; /* warnings of the workers */
    char stop[CREW_PATH_SIZE];
    pid_t workers[2];
    pid_t producers[2];
    struct evidence evidence;
};

/* Starts all; returns when tasks are acknowledged and finished. Ends the program when it cannot. */
void stage_open(struct stage *stage, const struct stage_plan *plan);

/* Lets the producers end, waits until all tasks are done, ends the workers, and holds the account. */
void stage_close(struct stage *stage);

/* Waits until so many more tasks have been acknowledged and finished; else that is a failure. */
void stage_goes_on(struct stage *stage, size_t tasks);

/* Waits until so many more refusals of this sort have been noted by producers; else that is a failure. */
void stage_is_refused(struct stage *stage, const char *code, size_t times);

/* Waits until each producer was refused from now on, so that it has noted all that was acknowledged before. */
void stage_refuses_all(struct stage *stage);

/* Waits until no handler runs. */
void stage_is_quiet(struct stage *stage);

/* Sends a command to the first server, and fails when the reply does not contain this (NULL: any). */
void stage_say(struct stage *stage, const char *line, const char *expected);

/* Waits until a worker warns of this; else that is a failure. */
void stage_hears(struct stage *stage, const char *text);

/* Lines of the workers' warnings that contain this; "" is all. */
size_t stage_words(const struct stage *stage, const char *text);

/* What was acknowledged since then, and until now, may be gone. */
void stage_may_lose(struct stage *stage, int64_t from_us);

/* User and system time of both workers so far. */
double stage_worker_cpu_s(const struct stage *stage);

#endif
