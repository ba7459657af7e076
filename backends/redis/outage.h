/* SPDX-License-Identifier: MIT */
/*
 * What all connections of a broker share while Redis is away: the back-off, and one line in the log.
 *
 * While connections can be made, anybody may make one. After a failure one caller at a time tries, not
 * before the back-off is over; the others wait for its result and share it. So an absent server costs
 * next to nothing, however many threads call in a loop. The back-off doubles from 20 ms to 2 s, each time a
 * random half to the whole of it. The very first failure of all is not logged: opening the broker fails with it.
 *
 * Refusals are states of a server that answers (OOM, READONLY, BUSY, ...). Each kind is logged when it
 * begins, and when it was not met for some seconds while commands went through.
 */
#ifndef WEIR_REDIS_OUTAGE_H
#define WEIR_REDIS_OUTAGE_H

#include "replyerror.h"

#include <weir/broker.h>

#include <pthread.h>

#define WEIR__REDIS_REFUSALS 8

struct weir__redis_refusal {
    const struct weir__redis_meaning *meaning; /* NULL: a free place */
    int64_t since_ms;
    int64_t last_ms;
};

struct weir__redis_outage {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const weir_clock *clock;
    weir_logger *logger;
    const char *broker; /* its name in the log */
    bool met;           /* some connection was made */
    bool away;
    bool is_logged; /* that it is away */
    bool trying;
    unsigned failures;
    uint64_t attempts;
    int64_t since_ms;
    int64_t retry_at_ms;
    int64_t logged_at_ms;
    int logged_code;
    weir_error last;
    struct weir__redis_refusal refusals[WEIR__REDIS_REFUSALS];
    int refused; /* kinds that are going on; may be read without the lock */
};

/* `broker` is kept. Errors: WEIR_E_NOMEM. */
int weir__redis_outage_init(struct weir__redis_outage *o, const weir_clock *clock,
                            weir_logger *logger, const char *broker, weir_error *err);
void weir__redis_outage_release(struct weir__redis_outage *o);

/*
 * Asks whether to connect. 0: yes, and weir__redis_outage_leave() must follow with the result. Else the error
 * of the one who tried last. Waits for the back-off if `patient`; otherwise returns at once.
 */
int weir__redis_outage_enter(struct weir__redis_outage *o, bool patient, weir_error *err);

void weir__redis_outage_leave(struct weir__redis_outage *o, int rc, const weir_error *told);

/* How long until it makes sense to try: 0 when Redis is not away. */
int weir__redis_outage_left_ms(struct weir__redis_outage *o);

/* A command was refused; text is for the log. */
void weir__redis_outage_refused(struct weir__redis_outage *o,
                                const struct weir__redis_meaning *meaning, const char *text);

/* A connection was used with success. Cheap while nothing is refused. */
void weir__redis_outage_fine(struct weir__redis_outage *o);

#endif
