/* SPDX-License-Identifier: MIT */
/* Waiting for work: whatever changes wakes all who wait, and they look whether it was for them. */
#include "memo.h"

int
memo_wait(void *self, weir_wait *wait, weir_error *err)
{
    struct memo *memo = self;
    struct timespec until;
    int over = 0;

    (void)err;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait->timeout_ms / 1000;
    until.tv_nsec += wait->timeout_ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&memo->lock);
    while (wait->generation == memo->generation && over == 0) {
        over = wait->timeout_ms < 0 ? pthread_cond_wait(&memo->changed, &memo->lock)
                                    : pthread_cond_timedwait(&memo->changed, &memo->lock, &until);
    }
    if (wait->generation == 0 || over != 0)
        wait->reasons = WEIR_WAKE_TIMEOUT;
    else
        wait->reasons = wait->interest |
                        (wait->generation < memo->interrupted ? WEIR_WAKE_INTERRUPT : 0);
    if (wait->reasons == 0)
        wait->reasons = WEIR_WAKE_TIMEOUT;
    wait->generation = memo->generation;
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

void
memo_interrupt(void *self)
{
    struct memo *memo = self;

    pthread_mutex_lock(&memo->lock);
    memo_touch(memo);
    memo->interrupted = memo->generation;
    pthread_mutex_unlock(&memo->lock);
}
