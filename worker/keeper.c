/* SPDX-License-Identifier: MIT */
/* A duty that is called while it runs, runs again: its time is cleared before, not after. */
#include <config.h>

#include "keeper.h"
#include "clock.h"
#include "runtime.h"

int
weir__keeper_init(struct weir__keeper *keeper, const char *name, const weir_clock *clock, void *arg)
{
    *keeper = (struct weir__keeper){.name = name, .clock = clock, .arg = arg};
    if (pthread_mutex_init(&keeper->lock, NULL) != 0) {
        return WEIR_E_NOMEM;
    }
    if (weir__cond_init(&keeper->wake) != 0) {
        pthread_mutex_destroy(&keeper->lock);
        return WEIR_E_NOMEM;
    }
    return 0;
}

void
weir__keeper_release(struct weir__keeper *keeper)
{
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
}

void
weir__keeper_add(struct weir__keeper *keeper, int64_t (*run)(void *arg), int64_t at_ms)
{
    keeper->duties[keeper->count++] = (struct weir__duty){run, at_ms};
}

static struct weir__duty *
next_duty(struct weir__keeper *keeper, int64_t now_ms)
{
    struct weir__duty *next = &keeper->duties[0];

    for (size_t i = 0; i < keeper->count; i++) {
        struct weir__duty *duty = &keeper->duties[i];
        if (duty->at_ms <= now_ms) {
            return duty;
        }
        if (duty->at_ms < next->at_ms) {
            next = duty;
        }
    }
    return next;
}

static void
run_duty(struct weir__keeper *keeper, struct weir__duty *duty)
{
    duty->at_ms = WEIR_NEVER;
    pthread_mutex_unlock(&keeper->lock);
    int64_t at_ms = duty->run(keeper->arg);
    pthread_mutex_lock(&keeper->lock);
    if (at_ms < duty->at_ms) {
        duty->at_ms = at_ms;
    }
}

static void *
keeper_main(void *arg)
{
    struct weir__keeper *keeper = arg;

    pthread_mutex_lock(&keeper->lock);
    while (!keeper->ends) {
        int64_t now_ms = weir__clock_boot_ms(keeper->clock);
        struct weir__duty *duty = next_duty(keeper, now_ms);
        if (duty->at_ms <= now_ms) {
            run_duty(keeper, duty);
        } else {
            int64_t until_ms = duty->at_ms == WEIR_NEVER ? WEIR_NEVER
                                                         : weir__mono_ms() + (duty->at_ms - now_ms);
            weir__cond_wait_until(&keeper->wake, &keeper->lock, until_ms);
        }
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

int
weir__keeper_start(struct weir__keeper *keeper, weir_error *err)
{
    int code = weir__thread_start(&keeper->thread, keeper->name, keeper_main, keeper, err);

    keeper->started = code == 0;
    return code;
}

void
weir__keeper_stop(struct weir__keeper *keeper)
{
    if (!keeper->started) {
        return;
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->ends = true;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    keeper->started = false;
}

void
weir__keeper_call(struct weir__keeper *keeper, size_t duty, int64_t at_ms)
{
    pthread_mutex_lock(&keeper->lock);
    if (at_ms < keeper->duties[duty].at_ms) {
        keeper->duties[duty].at_ms = at_ms;
        pthread_cond_signal(&keeper->wake);
    }
    pthread_mutex_unlock(&keeper->lock);
}

void
weir__keeper_gather(struct weir__keeper *keeper, size_t duty, int64_t now_ms, int64_t until_ms)
{
    pthread_mutex_lock(&keeper->lock);
    if (keeper->duties[duty].at_ms > now_ms && keeper->duties[duty].at_ms <= until_ms) {
        keeper->duties[duty].at_ms = now_ms;
        pthread_cond_signal(&keeper->wake);
    }
    pthread_mutex_unlock(&keeper->lock);
}
