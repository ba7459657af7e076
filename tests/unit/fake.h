/* SPDX-License-Identifier: MIT */
/*
 * A backend that stores nothing: it answers from a script and records what it was asked, so that tests see
 * what the layer above a backend does with lost replies, refusals and bad answers. URL "fake:store".
 */
#ifndef TESTS_UNIT_FAKE_H
#define TESTS_UNIT_FAKE_H

#include <weir/broker.h>
#include <weir/open.h>

enum {
    FAKE_CALLS = 16,   /* so many are recorded */
    FAKE_TASKS = 2048, /* of the enqueue calls; later ones are forgotten */
    FAKE_SILENT = 1    /* as a result: leave it unset */
};

/* The answer to one enqueue, consume, recover or extend. */
struct fake_answer {
    int rc;
    const char *text;
    int results[6]; /* of the first items, starts behind finishes; the others get rc */
    size_t claims;  /* so many tasks are given to the sink */
    uint64_t token; /* of these; 0: 7 */
    bool no_token;
};

struct fake {
    unsigned capabilities;
    int open_rc;
    unsigned opened;
    unsigned closed;
    const struct fake_answer *answers; /* beyond them: success */
    size_t answer_count;
    size_t calls;
    weir_request_id requests[FAKE_CALLS];
    size_t sizes[FAKE_CALLS]; /* items */
    size_t takes[FAKE_CALLS]; /* take.max */
    int64_t last_ticks[FAKE_CALLS];
    int sink_rc; /* what a claim sink said last */
    weir_task_info *tasks[FAKE_TASKS];
    int64_t ttls_ms[FAKE_TASKS];
    bool fresh[FAKE_TASKS];
    size_t task_count;
    unsigned wait_reasons;
    const char *const *queue_names; /* NULL-terminated */
    void (*on_beat)(void);          /* or NULL */
    size_t forwards;                /* calls */
    bool stuck;                     /* something is due that does not move */
};

extern struct fake fake;

/* Forgets everything; later opened brokers have these capabilities. */
void fake_reset(unsigned capabilities);

/* Sets the answers to the next calls. */
void fake_script(const struct fake_answer *answers, size_t count);

/* Opens a broker on it with this clock, or fails the test. */
weir_broker *fake_open(const weir_clock *clock);

extern const weir_backend fake_backend;

#endif
