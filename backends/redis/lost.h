/* SPDX-License-Identifier: MIT */
/*
 * Takes whose replies never came: what they took is held by nobody. They are remembered here until a resend
 * got its answer, or until the tasks could be put back as never started. Only so many are remembered; those beyond
 * come back when their leases end, at the cost of an attempt.
 */
#ifndef WEIR_REDIS_LOST_H
#define WEIR_REDIS_LOST_H

#include <weir/broker.h>

struct weir__lost;
struct weir__redis_backend;

struct weir__lost *weir__lost_new(void);
void weir__lost_free(struct weir__lost *lost);

/* Remembers a take of one queue; a second note of the same changes nothing. Any thread. */
void weir__lost_note(struct weir__lost *lost, const char *queue, const weir_request_id *request);
/* The request's answer came after all. */
void weir__lost_found(struct weir__lost *lost, const weir_request_id *request);

/* Puts back what the remembered takes hold, when their lanes have gone on. Called by the upkeep. */
void weir__lost_return(struct weir__redis_backend *b, int64_t now_ms);

#endif
