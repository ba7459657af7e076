/* SPDX-License-Identifier: MIT */
/*
 * Holds what was acknowledged, what handlers did and what the broker lists against each other.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "ledger.h"

#define JUDGE_KILLS 8
#define JUDGE_WINDOWS 64

/* A worker that was killed. */
struct kill {
    int pid;
    int64_t at_us;            /* just before the signal */
    int64_t takeover_us;      /* when another one was there, ready or not */
    struct listing active;    /* what was active when it was gone */
    struct listing completed; /* and what was completed */
};

/* What was acknowledged in this time may be gone: the store itself had lost it. */
struct window {
    int64_t from_us;
    int64_t to_us;
};

struct evidence {
    struct ledger acks;
    struct ledger log;
    struct listing tasks; /* all, in the end */
    struct kill kills[JUDGE_KILLS];
    int kill_count;
    struct window windows[JUDGE_WINDOWS];
    int window_count;
    size_t lost_in_windows;
    int64_t lease_ms;
    size_t lost_leases; /* by workers that live: they stalled */
};

/* Reads the files, and lists what is there. */
void judge_gather(struct evidence *evidence, struct crew_scene *scene, const char *acks,
                  const char *log);
void judge_release(struct evidence *evidence);

/* Every acknowledged task is completed; or archived, when it had no retries; or gone, in a window. */
void judge_acknowledged(struct evidence *evidence);
/* No handler started a task after the broker listed it as completed, or says that it was. */
void judge_finished(const struct evidence *evidence);
/* No two live workers ran a task at once, unless one had lost its lease and noticed. */
void judge_overlaps(struct evidence *evidence);
/*
 * The queues' counters: what was processed and has not failed is what is completed. Where a file of Redis was torn, less
 * than what was lost may be off: Redis (7.0 as well) leaves the first part of a torn transaction in the file, and executes
 * it together with the next one when it starts once more.
 */
void judge_counters(const struct evidence *evidence, struct crew_scene *scene);
/* Without kills: each acknowledged task ended once, and nothing started twice but after a failure. */
void judge_once(const struct evidence *evidence);

/*
 * How long after the end of its lease (or the takeover, when that was later) each task ran again that a killed
 * worker had begun: adds to delays_ms, up to `room` in all; more than `limit_ms` is a failure. Returns the new count.
 */
size_t judge_recovery(const struct evidence *evidence, double *delays_ms, size_t count, size_t room,
                      double limit_ms);

#endif
