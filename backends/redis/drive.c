/* SPDX-License-Identifier: MIT */
/*
 * The order of a turn: hear what came, look at everything that is not armed, and only then sleep. A message about
 * a key makes it unarmed, so the next turn looks at it again; what it finds becomes a reason. Messages about
 * pending are reasons at once when they come after a quiet moment: that saves a trip when a task arrives
 * on an idle queue.
 */
#include <config.h>

#include "waiting.h"

#include <poll.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* How often a deaf listener looks. */
#define LOOK_EVERY_MS 500
/* An interrupted wait gives the replies under way so long, before it gives the connections up. */
#define GRACE_MS 200
#define POLL_MAX_MS 60000
#define FOREVER INT64_MAX

static void
unpoke(struct weir__redis_listener *l)
{
    uint64_t count;

    while (read(l->wake_fd, &count, sizeof count) < 0 && errno == EINTR) {}
}

/* ---- messages ---- */

static void
on_changed(void *arg, const char *key, size_t len)
{
    struct weir__redis_listener *l = arg;

    if (key == NULL) {
        l->lost_gen = ++l->generation;
        weir__redis_watch_disarm(&l->watch);
        return;
    }
    weir__redis_watch_changed(&l->watch, key, len, weir__redis_now_ms());
}

static void
on_cancelled(void *arg, const char *id, size_t len)
{
    struct weir__redis_listener *l = arg;

    weir__redis_cancels_add(&l->cancels, id, len, weir__redis_now_ms());
    l->cancel_gen = ++l->generation;
}

static int
hear(struct weir__redis_listener *l, weir_error *err)
{
    const struct weir__redis_news news = {on_changed, on_cancelled, l};

    return weir__redis_channel_hear(&l->channel, &news, err);
}

/* ---- driving ---- */

/* Sleeps without the lock until something is to be read, somebody pokes, or the time came. */
static void
sleep_until(struct weir__redis_listener *l, int64_t until_ms, bool replies_only)
{
    struct pollfd fds[3] = {{.fd = l->wake_fd, .events = POLLIN}, {.fd = -1}, {.fd = -1}};
    int64_t left = until_ms == FOREVER ? -1 : until_ms - weir__redis_now_ms();

    if (l->channel.ear != NULL) {
        fds[1] =
            (struct pollfd){.fd = replies_only ? -1 : l->channel.ear->ctx->fd, .events = POLLIN};
        fds[2] = (struct pollfd){.fd = l->channel.eye->ctx->fd, .events = POLLIN};
    }
    if (until_ms != FOREVER && left < 0) {
        left = 0;
    }
    pthread_mutex_unlock(&l->lock);
    poll(fds, 3, left > POLL_MAX_MS ? POLL_MAX_MS : (int)left);
    pthread_mutex_lock(&l->lock);
    if (fds[0].revents != 0) {
        unpoke(l);
    }
}

static bool
hurry(const struct weir__redis_call *call)
{
    uint64_t since = call->wait->generation;

    return weir__redis_interrupted(call->l) || (since != 0 && call->l->interrupt_gen > since);
}

/* Replies come on the eye; interrupts shorten the wait for them. */
static int
await_reply(struct weir__redis_call *call, redisReply **reply, weir_error *err)
{
    struct weir__redis_listener *l = call->l;
    int64_t end_ms = weir__redis_now_ms() + weir__redis_options(l->r)->timeout_ms;
    bool hurried = false;

    for (;;) {
        int rc = weir__redis_try_reply(l->channel.eye, reply, err);
        int64_t now_ms = weir__redis_now_ms();
        if (rc != 0 || *reply != NULL) {
            return rc;
        }
        if (!hurried && hurry(call)) {
            hurried = true;
            end_ms = now_ms + GRACE_MS < end_ms ? now_ms + GRACE_MS : end_ms;
        }
        if (now_ms >= end_ms) {
            return weir_error_set(err, WEIR_E_UNAVAILABLE, "no reply from Redis at %s",
                                  weir__redis_conn_where(l->channel.eye));
        }
        sleep_until(l, end_ms, true);
    }
}

static int
send_look(struct weir__redis_listener *l, const struct weir__redis_look *look, weir_error *err)
{
    const char *argv[1 + WEIR__REDIS_GROUP_CHUNK] = {"EXISTS"};
    size_t lens[1 + WEIR__REDIS_GROUP_CHUNK] = {strlen("EXISTS")};
    size_t keys = 1;

    if (look->key == WEIR__REDIS_GROUP_KEYS) {
        keys = weir__redis_groupwatch_arm(&look->queue->groups, argv + 1, lens + 1);
    } else {
        look->queue->armed[look->key] = true;
        argv[0] = look->key == WEIR__REDIS_GROUPS ? "SMEMBERS" : "EXISTS";
        lens[0] = strlen(argv[0]);
        argv[1] = look->queue->key[look->key];
        lens[1] = strlen(argv[1]);
    }
    return weir__redis_append(l->channel.eye, 1 + (int)keys, argv, lens, err);
}

static int
send_looks(struct weir__redis_listener *l, weir_error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < l->watch.look_count; i++) {
        rc = send_look(l, &l->watch.looks[i], err);
    }
    return rc != 0 ? rc : weir__redis_flush(l->channel.eye, err);
}

static int
take_looks(struct weir__redis_call *call, weir_error *err)
{
    struct weir__redis_listener *l = call->l;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < l->watch.look_count; i++) {
        redisReply *reply = NULL;
        rc = await_reply(call, &reply, err);
        if (rc == 0 && !weir__redis_reply_is(reply, "WRONGTYPE")) {
            rc = weir__redis_reply_error(l->channel.eye, reply, err);
        }
        if (rc == 0) {
            rc = weir__redis_watch_saw(&l->watch, &l->watch.looks[i], reply, weir__redis_now_ms(),
                                       err);
        }
        freeReplyObject(reply);
    }
    return rc;
}

/* Hears and looks until every key of the call's interest is armed. */
static int
catch_up(struct weir__redis_call *call, weir_error *err)
{
    struct weir__redis_listener *l = call->l;
    int rc;

    do {
        call->again_ms = FOREVER;
        rc = hear(l, err);
        if (rc == 0) {
            rc = weir__redis_watch_plan(&l->watch, call->wait, weir__redis_now_ms(),
                                        &call->again_ms, err);
        }
        if (rc > 0) {
            int looked = send_looks(l, err);
            rc = looked == 0 ? take_looks(call, err) : looked;
            rc = rc == 0 ? 1 : rc;
        }
    } while (rc > 0 && weir__redis_reasons(call) == 0);
    return rc < 0 ? rc : 0;
}

static int
connect_now(struct weir__redis_call *call, weir_error *err)
{
    struct weir__redis_listener *l = call->l;
    int wait_ms = weir__redis_retry_ms(l->r);

    if (wait_ms > 0) {
        int64_t until_ms = weir__redis_now_ms() + wait_ms;
        sleep_until(l, until_ms < call->end_ms ? until_ms : call->end_ms, false);
        if (weir__redis_interrupted(l) || weir__redis_now_ms() < until_ms) {
            return 0;
        }
    }
    pthread_mutex_unlock(&l->lock);
    int rc = weir__redis_channel_open(&l->channel, err);
    pthread_mutex_lock(&l->lock);
    if (rc == 0) {
        weir__redis_watch_disarm(&l->watch);
        l->lost_gen = ++l->generation;
    }
    return rc;
}

static int64_t
sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int
sleep_once(struct weir__redis_call *call, weir_error *err)
{
    struct weir__redis_listener *l = call->l;
    int rc = weir__redis_channel_try(&l->channel, weir__redis_now_ms(), err);
    int64_t until_ms = sooner(call->end_ms, call->again_ms);

    if (rc != 0) {
        return rc;
    }
    until_ms = sooner(until_ms, weir__redis_channel_next_ms(&l->channel));
    if (l->channel.deaf) {
        until_ms = sooner(until_ms, weir__redis_now_ms() + LOOK_EVERY_MS);
    }
    sleep_until(l, until_ms, false);
    rc = hear(l, err);
    if (rc == 0 && l->channel.deaf) {
        weir__redis_watch_disarm(&l->watch);
    }
    return rc;
}

/* What the driver does in one turn; the lock is given up while it sleeps. */
int
weir__redis_drive(struct weir__redis_call *call, weir_error *err)
{
    struct weir__redis_listener *l = call->l;
    weir_error told = {0};
    int rc;

    if (l->channel.ear == NULL) {
        return connect_now(call, err);
    }
    rc = catch_up(call, &told);
    if (rc == 0) {
        call->looked = true;
        if (weir__redis_reasons(call) == 0 && l->wanted == 0) {
            rc = sleep_once(call, &told);
        }
    }
    if (rc == 0) {
        return 0;
    }
    weir__redis_channel_close(&l->channel);
    weir__redis_watch_disarm(&l->watch);
    if (rc == WEIR_E_UNAVAILABLE && call->losses++ == 0) {
        return 0;
    }
    return weir_error_set(err, rc, "%s", told.text);
}
