/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the testing mode share: the mode itself on the broker that WEIR_TESTING_URL names (default: what there is
 * without a URL), through the public headers only; and handlers, by the types of their tasks:
 *
 *   "done"         succeeds, with its type as the result         "fail"      fails with "broken RETRIED"
 *   "skip"         skips its retries                             "snooze"    snoozes for an hour once, then succeeds
 *   "parent"       enqueues "done" into the queue "children"     "endless"   the same with itself
 *   "wait"         waits for ten minutes                         "for_ever"  waits until it is cancelled
 *   "overdo"       lets an hour pass, then succeeds              "cancel_self"  revokes itself, then waits
 *   "nest"         tries to run others inside                    "show"      shows the result "half"
 *   "show_late"    lets an hour pass, then shows a result
 *
 * Groups of "part" become a "done" whose payload is their size.
 */
#ifndef TESTBED_H
#define TESTBED_H

#include <stdbool.h>
#include <stddef.h>
#include <weir.h>
#include <weir/testing.h>

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

extern weir_testing *testing;
extern weir_mux *mux;
extern weir_error err;
extern weir_tally tally;
extern int calls;       /* of the handlers that count */
extern int seen_code;   /* what a handler saw */
extern int changes;     /* that on_change() was told of */
extern int64_t told_ms; /* the time that "done" saw */
extern int layers;      /* calls of the middleware */

/* Around each test. */
void testbed_open(void);
void testbed_close(void);

bool on_redis(void);
/* Opens the mode anew, with other options, and empty. */
void reopen(weir_testing_options options);
int enqueue(weir_task task);
/* The same with the payload "x". */
int enqueue_type(const char *type);
int expect(weir_match match);
size_t count(weir_match match);
void on_change(const weir_change_event *event, void *arg);

#endif
