/* SPDX-License-Identifier: MIT */
/*
 * weir_server_run(): a server as a whole program. The signals are blocked and taken by a thread of their own
 * with sigwait(), so that nothing runs inside a signal handler; the calling thread waits for the end and
 * stops the server, while the signal thread goes on listening for the second signal that cuts the stop short.
 */
#include <config.h>

#include "runtime.h"

#include <signal.h>
#include <time.h>

struct signal_thread {
    weir_server *server;
    pthread_t thread;
    sigset_t signals;
    atomic_bool ends;
};

/* The first one ends the run, the next one the wait for handlers. */
static void
ask_to_end(weir_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->cut_short = server->run_ended;
    server->run_ended = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void *
signal_main(void *arg)
{
    struct signal_thread *self = arg;
    const struct weir__settings *settings = &self->server->settings;
    int number;

    for (;;) {
        if (sigwait(&self->signals, &number) != 0) {
            continue;
        }
        if (atomic_load(&self->ends)) {
            return NULL;
        }
        if (number == SIGTSTP) {
            weir_server_quiet(self->server);
        } else if (number == SIGHUP) {
            settings->on_reload(settings->on_reload_arg);
        } else {
            ask_to_end(self->server);
        }
    }
}

static void
stop_signal_thread(struct signal_thread *self)
{
    static const struct timespec at_once = {0, 0};

    atomic_store(&self->ends, true);
    pthread_kill(self->thread, SIGTERM);
    pthread_join(self->thread, NULL);
    /* What came too late to mean anything must not kill the program when it unblocks its signals. */
    while (sigtimedwait(&self->signals, NULL, &at_once) > 0) {}
}

/* True when the server was told to end, false when it is stuck. */
static bool
wait_for_end(weir_server *server)
{
    bool exits = server->settings.exit_when_stuck;

    pthread_mutex_lock(&server->lock);
    while (!server->run_ended && !(exits && weir_server_stuck(server))) {
        pthread_cond_wait(&server->changed, &server->lock);
    }
    bool told = server->run_ended;
    pthread_mutex_unlock(&server->lock);
    return told;
}

static int
end_run(weir_server *server, weir_error *err)
{
    bool told = wait_for_end(server);
    int running = weir_server_stop(server);

    if (!told) {
        return weir_error_set(err, WEIR_E_TIMEOUT,
                              "every handler is stuck past its deadline (%d of %d)", running,
                              atomic_load(&server->concurrency));
    }
    if (running > 0) {
        return weir_error_set(err, WEIR_E_TIMEOUT, "%d handlers were still running", running);
    }
    return 0;
}

int
weir_server_run(weir_server *server, weir_error *err)
{
    struct signal_thread self = {.server = server};
    sigset_t before;

    sigemptyset(&self.signals);
    sigaddset(&self.signals, SIGTERM);
    sigaddset(&self.signals, SIGINT);
    sigaddset(&self.signals, SIGTSTP);
    if (server->settings.on_reload != NULL) {
        sigaddset(&self.signals, SIGHUP);
    }
    atomic_init(&self.ends, false);
    pthread_sigmask(SIG_BLOCK, &self.signals, &before);
    int code = weir_server_start(server, err);
    if (code != 0) {
        goto unblock;
    }
    code = weir__thread_start(&self.thread, "weir-signals", signal_main, &self, err);
    if (code != 0) {
        weir_server_stop(server);
        goto unblock;
    }
    code = end_run(server, err);
    stop_signal_thread(&self);
unblock:
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}
