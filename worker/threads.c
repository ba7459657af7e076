/* SPDX-License-Identifier: MIT */
/*
 * Threads of a server take no signals, so that those of the program's are handled where the program wants
 * it. Signals of a thread's own faults cannot be blocked in a sensible way and are left alone.
 */
#include <config.h>

#include "runtime.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int
weir__thread_start(pthread_t *thread, const char *name, void *(*main)(void *), void *arg,
                   weir_error *err)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    char short_name[16]; /* the most that Linux takes */
    sigset_t blocked;
    sigset_t before;

    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        sigdelset(&blocked, faults[i]);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int code = pthread_create(thread, NULL, main, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0) {
        return weir_error_set(err, WEIR_E_NOMEM, "cannot start thread %s: %s", name,
                              strerror(code));
    }
    snprintf(short_name, sizeof(short_name), "%s", name);
    pthread_setname_np(*thread, short_name);
    return 0;
}

int
weir__cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    if (pthread_condattr_init(&attr) != 0) {
        return WEIR_E_NOMEM;
    }
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return failed ? WEIR_E_NOMEM : 0;
}

int64_t
weir__mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
weir__mono_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
weir__cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t mono_ms)
{
    if (mono_ms == WEIR_NEVER) {
        pthread_cond_wait(cond, lock);
        return;
    }
    struct timespec at = {.tv_sec = (time_t)(mono_ms / 1000),
                          .tv_nsec = (long)(mono_ms % 1000) * 1000000};
    pthread_cond_timedwait(cond, lock, &at);
}
