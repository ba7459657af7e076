/* SPDX-License-Identifier: MIT */
/*
 * What the processes of a test do.
 *
 *   worker URL LOG QUEUE QUEUE CONCURRENCY LEASE_MS
 *     serves both queues until SIGTERM; LOG.words gets its warnings. A payload is "WORK_MS FAILS": the handler logs its start, waits for so long,
 *     fails if it is the first attempt and FAILS is 1, else logs its end and succeeds.
 *   producer URL ACKS QUEUE QUEUE SEED COUNT SECONDS
 *     enqueues tasks of all sorts, alone and in batches, until it has enqueued so many or so much time has passed (0: no
 *     limit), and logs each that was acknowledged. Any refusal ends it with status 1.
 *   steady URL ACKS QUEUE QUEUE SEED STOP
 *     the same, at some two hundred tasks a second until the file STOP is there; it goes on when it is refused, and notes
 *     that as "refused CODE" in ACKS.refused.
 */
#ifndef ROLES_H
#define ROLES_H

#include <stdbool.h>

/* Plays the role that the arguments name, if they do; *status is then the exit status. */
bool roles_play(int argc, char **argv, int *status);

#endif
