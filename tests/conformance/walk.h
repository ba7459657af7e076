/* SPDX-License-Identifier: MIT */
/*
 * The random walk over the store and its model: what its steps share. A step makes a random call on
 * both sides and returns false, with a text in `why`, when the results differ.
 */
#ifndef CONFORMANCE_WALK_H
#define CONFORMANCE_WALK_H

#include "kit.h"
#include "model.h"

#define WALK_CLAIMS 48 /* remembered; most of them are stale by then */

struct walk {
    struct model model;
    int64_t lease_ms;
    int64_t lock_ms; /* added to the times of locks */
    uint64_t seed;
    uint64_t state; /* of the random numbers */
    int64_t due;    /* the last due time's tie-breaker */
    weir_claim *claims[WALK_CLAIMS];
    int queue_of[WALK_CLAIMS];
    size_t claim_count; /* ever; the newest take the oldest ones' places */
    char what[300];     /* the step, for the message */
    char why[300];
};

/* A random number in [0, below). */
int walk_random(struct walk *walk, int below);
/* A due time that no other task has, about `in_ms` from now. */
int64_t walk_due(struct walk *walk, int64_t in_ms);
/* Compares; remembers a difference. */
bool walk_same(struct walk *walk, const char *text, int64_t found, int64_t wanted);
void walk_note(struct walk *walk, const char *format, ...) __attribute__((format(printf, 2, 3)));
void walk_remember(struct walk *walk, int queue, weir_claim *claim);

typedef bool walk_step(struct walk *walk);

/* walk_tasks.c */
walk_step walk_enqueue;
walk_step walk_consume;
walk_step walk_extend;
/* walk_upkeep.c */
walk_step walk_forward;
walk_step walk_recover;
walk_step walk_expire;
/* walk_steer.c */
walk_step walk_steer;
walk_step walk_steer_all;
walk_step walk_amend;
walk_step walk_pause;
walk_step walk_remove_queue;
walk_step walk_cancel;

#endif
