/* SPDX-License-Identifier: MIT */
/*
 * What the cases share. Each case starts with an empty store, opened as `store` with the clock `now`
 * stopped; what a case takes or looks up is freed when it ends. A case's name is a sentence of the contract.
 *
 * The checks IS, SAME, YES and IDS print what was found; they may be used on any thread.
 */
#ifndef CONFORMANCE_KIT_H
#define CONFORMANCE_KIT_H

#include "calls.h"
#include "harness.h"
#include "manual_clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#define LEASE_MS 300 /* short, for stores whose time cannot be moved */
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* ---- the case's store ---- */

extern struct manual_clock now; /* every case begins at START_MS */
int64_t now_ms(void);
#define START_MS INT64_C(1750000000000)
extern weir_broker *store;

void kit_setup(void);
void kit_teardown(void);
const char *kit_url(void);

/* Another handle on the store, closed by the case; NULL is a failed check. */
weir_broker *kit_open(const char *url, const struct manual_clock *clock);
/* Closes and reopens `store`. */
void kit_reopen(void);

/* Lets time pass for leases and locks: moves the clock, and waits where the store keeps time itself. */
void pass(int64_t ms);
/* Lets so much time pass that every lease of LEASE_MS given until now has ended. */
void pass_lease(void);

#define CASE(fn)                                                                                   \
    {                                                                                              \
        "" #fn, fn                                                                                 \
    }
#define CASES_END CU_TEST_INFO_NULL
#define CASES(name) HARNESS_SUITE(name, cases, kit_setup, kit_teardown)

/* Ends the case as skipped when the store lacks a capability. */
#define NEED(cap)                                                                                  \
    do {                                                                                           \
        if (!(weir__broker_capabilities(store) & WEIR_CAP_##cap))                                  \
            HARNESS_SKIP("capability " #cap);                                                      \
    } while (0)

/* ---- checks ---- */

bool check_is(int64_t found, int64_t wanted, const char *text, const char *file, int line);
bool check_same(const char *found, const char *wanted, const char *text, const char *file,
                int line);
#define IS(found, wanted) check_is((found), (wanted), #found, __FILE__, __LINE__)
#define YES(found) check_is(!!(found), 1, #found, __FILE__, __LINE__)
#define SAME(found, wanted) check_same((found), (wanted), #found, __FILE__, __LINE__)
#define OK(call) IS(call, 0)
/* Ends the case when the check fails. */
#define MUST(found)                                                                                \
    do {                                                                                           \
        if (!YES(found))                                                                           \
            return;                                                                                \
    } while (0)
/* The ids of a state's page, in order, with blanks between. */
#define IDS(queue, state, wanted)                                                                  \
    check_same(ids(queue, WEIR_STATE_##state, NULL, 0, 1000), wanted,                              \
               "ids in " #state " of " #queue, __FILE__, __LINE__)
/* The numbers processed and failed, today and in all. */
#define COUNTED(queue, processed, failed)                                                          \
    check_counted(queue, processed, failed, __FILE__, __LINE__)
void check_counted(const char *queue, int64_t processed, int64_t failed, const char *file,
                   int line);

/* ---- doing ---- */

/* Enqueues a task: what is zero gets a default (type, state by due time and group). Returns its result. */
int put_task(weir_broker *broker, const weir_task_info *task, int64_t unique_ttl_ms);
#define PUT(...) put_task(store, &(weir_task_info){__VA_ARGS__}, 0)
#define PUT_UNIQUE(ttl_ms, ...) put_task(store, &(weir_task_info){__VA_ARGS__}, ttl_ms)
/* Enqueues tasks whose ids are the words of a text. */
void put_all(const char *queue, const char *ids);
/* Fills the defaults of a task. */
weir_task_info with_defaults(const weir_task_info *task);

/* Takes up to max tasks of a queue, the first `start` of them started. The claims are the kit's. */
size_t take_some(weir_broker *broker, const char *queue, size_t max, size_t start,
                 weir_claim **claims);
/* The same from the store; the first so many start for certain, the rest may. */
size_t take_soon(const char *queue, size_t max, size_t start, weir_claim **claims);
/* Takes one task and starts it; NULL when there is none. */
weir_claim *take(const char *queue);
/* Takes one ahead, not started. */
weir_claim *take_ahead(const char *queue);
/* Takes the dead ones; returns their number. */
size_t recover(const char *queue, size_t max, weir_claim **claims);

/* Finishes one claim and returns its outcome: FINISH(claim, RETRY, .at_ms = due, .counted = true) */
#define FINISH(held, what, ...)                                                                    \
    finish_one(store, &(weir_finish){.claim = (held), .kind = WEIR_FINISH_##what, __VA_ARGS__})
int finish_one(weir_broker *broker, const weir_finish *finish);
int start_one(const weir_claim *claim);
int extend_one(const weir_claim *claim, bool *cancelled);

/* Moves due tasks; returns how many. next_due may be NULL. */
size_t forward(const char *queue, size_t max, int64_t *next_due);
size_t expire(const char *queue, size_t max, int64_t archive_max, int64_t archive_age_ms);
int steer(weir_verb verb, const char *queue, const char *id);

/* ---- looking ---- */

/* The task, or NULL; stays until the case ends. */
const weir_task_info *look(const char *queue, const char *id);
weir_state state_of(const char *queue, const char *id);
weir_queue_info queue_info(const char *queue);
/* Ids of a page, in order; the text is good until the next call on the thread. */
const char *ids(const char *queue, weir_state state, const char *group, size_t offset,
                size_t limit);
/* A task through the life up to a state: put, and brought there. */
void bring_to(const char *queue, const char *id, weir_state state);

/* Milliseconds of real time, and of this process's processor time. */
int64_t real_ms(void);
int64_t cpu_ms(void);
/* Waits until the flag is set, 10 s at most; false when it is not. */
bool until(_Atomic int *flag);

#endif
