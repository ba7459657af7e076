/* SPDX-License-Identifier: MIT */
/*
 * A keeper: one thread that runs duties at their times. A duty is a function that does a bounded
 * piece of work and says when it wants to run again; others may call it earlier. There are a handful, so the
 * next one is found by looking at all. Times are of the boot clock.
 */
#ifndef WEIR_WORKER_KEEPER_H
#define WEIR_WORKER_KEEPER_H

#include <weir/clock.h>
#include <weir/error.h>

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    WEIR__KEEPER_DUTIES = 8
};

struct weir__duty {
    int64_t (*run)(void *arg);
    int64_t at_ms; /* WEIR_NEVER: not until it is called */
};

struct weir__keeper {
    const char *name;
    const weir_clock *clock;
    void *arg;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool ends;
    struct weir__duty duties[WEIR__KEEPER_DUTIES];
    size_t count;
};

/* Makes a keeper without duties; name, clock and arg must outlive it. 0 or WEIR_E_NOMEM. */
int weir__keeper_init(struct weir__keeper *keeper, const char *name, const weir_clock *clock,
                      void *arg);
void weir__keeper_release(struct weir__keeper *keeper);

/* Adds a duty, first run at at_ms; before the start only. Of duties due at once the first one added goes first. */
void weir__keeper_add(struct weir__keeper *keeper, int64_t (*run)(void *arg), int64_t at_ms);

int weir__keeper_start(struct weir__keeper *keeper, weir_error *err);

/* Ends the thread after the duty under way. */
void weir__keeper_stop(struct weir__keeper *keeper);

/* Has a duty run at at_ms, or earlier where it is to. Any thread. */
void weir__keeper_call(struct weir__keeper *keeper, size_t duty, int64_t at_ms);

/* Has a duty run at now_ms when it is due by until_ms; later ones keep their time. Any thread. */
void weir__keeper_gather(struct weir__keeper *keeper, size_t duty, int64_t now_ms,
                         int64_t until_ms);

#endif
