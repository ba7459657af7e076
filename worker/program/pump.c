/* SPDX-License-Identifier: MIT */
/*
 * One poll() over the child's four pipes, the task's cancel descriptor and the child's exit descriptor. All
 * pipes are non-blocking and served as they get ready, so a child that writes before it has read everything cannot
 * block us both. A child that closes its input early is fine.
 *
 * The end of the child is the end of the task: what it leaves in its process group is killed, what is in the
 * pipes then is still read, and nobody waits for a descendant that holds them open.
 */
#include <config.h>

#include "pump.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum {
    IN,
    OUT,
    ERR,
    SHOWN,
    CANCEL,
    EXIT,
    FDS
};

enum {
    CHUNK = 65536,
    LOOK_MS = 20,       /* between looks where there is no descriptor to wait for */
    LEFTOVER_READS = 64 /* of CHUNK bytes, once the child has ended: more than any pipe holds */
};

static int64_t
monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
end_pipe(int *fd)
{
    close(*fd);
    *fd = -1;
}

static void
feed(struct pump *pump)
{
    struct child *child = pump->child;

    while (pump->input_len > 0) {
        size_t len = pump->input_len < CHUNK ? pump->input_len : CHUNK;
        ssize_t n = write(child->in, pump->input, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        if (n < 0) {
            break;
        }
        pump->input += n;
        pump->input_len -= (size_t)n;
    }
    end_pipe(&child->in);
}

static void
take_out(struct pump *pump, const char *data, size_t len)
{
    result_add(&pump->result, data, len);
}

static void
take_err(struct pump *pump, const char *data, size_t len)
{
    errors_add(&pump->errors, data, len);
}

static void
take_shown(struct pump *pump, const char *data, size_t len)
{
    shown_add(&pump->shown, data, len);
}

/* What the child writes to: where its pipe is, and who takes what comes. */
static const struct source {
    size_t fd; /* in struct child */
    void (*take)(struct pump *pump, const char *data, size_t len);
} sources[] = {
    [OUT] = {offsetof(struct child, out), take_out},
    [ERR] = {offsetof(struct child, err), take_err},
    [SHOWN] = {offsetof(struct child, shown), take_shown},
};

/* Reads what is there, `reads` chunks at most. */
static void
drain(struct pump *pump, int which, int reads)
{
    const struct source *source = &sources[which];
    int *fd = (int *)(void *)((char *)pump->child + source->fd);
    char data[CHUNK];

    for (; *fd >= 0 && reads > 0; reads--) {
        ssize_t n = read(*fd, data, sizeof data);
        if (n > 0) {
            source->take(pump, data, (size_t)n);
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            end_pipe(fd);
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

/* Returns how long poll() may sleep; -1: until something happens. */
static int
sleep_ms(const struct pump *pump, int cancel_fd, int64_t kill_at_ms)
{
    int64_t until_ms = pump->cancelled == 0 ? shown_due_ms(&pump->shown) : INT64_MAX;
    bool looks = pump->child->exit_fd < 0 || (cancel_fd < 0 && pump->cancelled == 0);

    if (kill_at_ms > 0 && kill_at_ms < until_ms) {
        until_ms = kill_at_ms;
    }
    if (until_ms == INT64_MAX) {
        return looks ? LOOK_MS : -1;
    }
    int64_t left = until_ms - monotonic_ms();
    left = left > 0 ? left : 0;
    left = looks && left > LOOK_MS ? LOOK_MS : left;
    return (int)(left < INT32_MAX ? left : INT32_MAX);
}

/* Looks whether the task is cancelled; first SIGTERM, and after the grace SIGKILL. */
static void
enforce(struct pump *pump, int64_t *kill_at_ms)
{
    if (pump->cancelled == 0) {
        pump->cancelled = weir_context_cancelled(pump->ctx);
        if (pump->cancelled != 0) {
            child_signal(pump->child, SIGTERM);
            child_signal(pump->child, SIGCONT);
            *kill_at_ms = monotonic_ms() + pump->grace_ms;
        }
        return;
    }
    if (*kill_at_ms > 0 && monotonic_ms() >= *kill_at_ms) {
        child_signal(pump->child, SIGKILL);
        *kill_at_ms = 0;
    }
}

static void
serve(struct pump *pump, int cancel_fd, int64_t kill_at_ms)
{
    struct child *child = pump->child;
    struct pollfd fds[FDS] = {
        [IN] = {child->in, POLLOUT, 0},
        [OUT] = {child->out, POLLIN, 0},
        [ERR] = {child->err, POLLIN, 0},
        [SHOWN] = {child->shown, POLLIN, 0},
        [CANCEL] = {pump->cancelled == 0 ? cancel_fd : -1, POLLIN, 0},
        [EXIT] = {child->exit_fd, POLLIN, 0},
    };

    if (poll(fds, FDS, sleep_ms(pump, cancel_fd, kill_at_ms)) <= 0) {
        return;
    }
    if (fds[IN].revents != 0) {
        feed(pump);
    }
    for (int i = OUT; i <= SHOWN; i++) {
        if (fds[i].revents != 0) {
            drain(pump, i, 1);
        }
    }
}

int
pump_run(struct pump *pump)
{
    int cancel_fd = weir_context_fd(pump->ctx);
    int64_t kill_at_ms = 0;

    if (pump->input_len == 0) {
        end_pipe(&pump->child->in);
    }
    while (!child_has_ended(pump->child)) {
        enforce(pump, &kill_at_ms);
        serve(pump, cancel_fd, kill_at_ms);
        if (pump->cancelled == 0) {
            shown_look(&pump->shown, monotonic_ms());
        }
    }
    child_signal(pump->child, SIGKILL);
    for (int i = OUT; i <= SHOWN; i++) {
        drain(pump, i, LEFTOVER_READS);
    }
    errors_end(&pump->errors);
    int status = child_reap(pump->child);
    shown_end(&pump->shown, pump->cancelled == 0);
    return status;
}
