/* SPDX-License-Identifier: MIT */
/*
 * Watching other processes: see wake.h for the two watches and watch.h for who calls what.
 *
 * An event on the log is followed by a series of looks at growing distances, because the commit that it announces
 * becomes visible later, after the disk has it. While events keep coming the log's watch is left out of poll()
 * and the distance stays at that of BUSY_STEP.
 */
#include <config.h>

#include "watch.h"

#include "heed.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_SYS_INOTIFY_H
#include <sys/inotify.h>
#endif
#ifdef HAVE_SYS_EVENTFD_H
#include <sys/eventfd.h>
#endif

#define BLIND_MS 500
#define BLIND_US (BLIND_MS * INT64_C(1000))
#define STEPS (sizeof(step_us) / sizeof(step_us[0]))
#define BUSY_STEP 4

/* After so many looks for nothing, each within this time of the one before, the next one is put off. */
#define FUTILE_LOOKS 3
#define FUTILE_WITHIN_US 100000
#define CALM_US 4000

static const int64_t step_us[] = {200, 1000, 4000, 16000, 64000, 256000, 1000000};

/* ---- the file beside the database ---- */

static char *
beside(const struct weir__hub *hub, const char *suffix)
{
    size_t size = strlen(hub->store->path) + strlen(suffix) + 1;
    char *name = malloc(size);

    if (name != NULL)
        snprintf(name, size, "%s%s", hub->store->path, suffix);
    return name;
}

/* Makes the file as long as the board, without holes, and a new one with the database's owner and permissions. */
static bool
make_beside(const struct weir__hub *hub, int fd)
{
    struct stat database, file;

    if (fstat(fd, &file) != 0)
        return false;
    if (file.st_size == 0 && stat(hub->store->path, &database) == 0) {
        if (geteuid() == 0 && fchown(fd, database.st_uid, database.st_gid) != 0)
            return false;
        fchmod(fd, database.st_mode & 0666);
    }
    return posix_fallocate(fd, 0, WEIR__BOARD_BYTES) == 0; /* what others have put there stays */
}

static void
open_beside(struct weir__hub *hub)
{
    char *name = beside(hub, "-weir");
    int fd;

    if (name == NULL)
        return;
    fd = hub->store->options.mode == WEIR_OPEN_READ
             ? -1
             : open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && !make_beside(hub, fd)) {
        close(fd);
        fd = -1;
    }
    if (fd >= 0) {
        weir__board_share(&hub->board, fd);
    } else {
        weir__board_unshare(&hub->board);
        fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    free(name);
    if (hub->beside_fd >= 0)
        close(hub->beside_fd);
    hub->beside_fd = fd;
}

void
weir__watch_touch(struct weir__hub *hub)
{
    char byte;

    if (hub->beside_fd >= 0 && pread(hub->beside_fd, &byte, 1, 0) < 0)
        return; /* then they find out by the log */
}

/* ---- what wakes the poller ---- */

int
weir__watch_prepare(struct weir__hub *hub)
{
    if (hub->store->in_memory)
        return 0;
    open_beside(hub);
#ifdef HAVE_SYS_EVENTFD_H
    hub->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return hub->event_fd >= 0 ? 0 : -1;
#else
    return 0;
#endif
}

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void
weir__watch_end(struct weir__hub *hub)
{
    close_fd(&hub->touch_fd);
    close_fd(&hub->wal_fd);
    close_fd(&hub->beside_fd);
    close_fd(&hub->event_fd);
    if (hub->conn.db != NULL)
        weir__conn_close(&hub->conn);
}

void
weir__watch_poke(struct weir__hub *hub)
{
    uint64_t one = 1;

    if (hub->event_fd >= 0 && write(hub->event_fd, &one, sizeof(one)) < 0)
        return; /* full: it is awake already */
}

#ifdef HAVE_SYS_INOTIFY_H
static int
watch_file(struct weir__hub *hub, const char *suffix, uint32_t events)
{
    char *name = beside(hub, suffix);
    int fd = name != NULL ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;

    if (fd >= 0 && inotify_add_watch(fd, name, events) < 0)
        close_fd(&fd);
    free(name);
    return fd;
}

/* Empties a watch. Returns the kinds of events, 0 for none. */
static uint32_t
drain(int fd)
{
    _Alignas(struct inotify_event) char buf[1024];
    const struct inotify_event *event;
    uint32_t kinds = 0;
    ssize_t len, at;

    while (fd >= 0 && (len = read(fd, buf, sizeof(buf))) > 0) {
        for (at = 0; at < len; at += (ssize_t)sizeof(*event) + (ssize_t)event->len) {
            event = (const void *)(buf + at);
            kinds |= event->mask;
        }
    }
    return kinds;
}

/* Somebody has removed the file beside the database: the next one to wait makes it again. */
static bool
drain_touches(struct weir__hub *hub)
{
    uint32_t kinds = drain(hub->touch_fd);

    if (kinds & (IN_IGNORED | IN_ATTRIB | IN_MOVE_SELF))
        hub->gone = true;
    return kinds != 0;
}

static void
set_watches(struct weir__hub *hub)
{
    close_fd(&hub->touch_fd);
    close_fd(&hub->wal_fd);
    if (hub->beside_fd >= 0)
        hub->touch_fd = watch_file(hub, "-weir", IN_ACCESS | IN_ATTRIB | IN_MOVE_SELF);
    hub->wal_fd = watch_file(hub, hub->store->wal ? "-wal" : "", IN_MODIFY);
    hub->blind = hub->touch_fd < 0 || hub->wal_fd < 0;
}
#else
static uint32_t
drain(int fd)
{
    (void)fd;
    return 0;
}

static bool
drain_touches(struct weir__hub *hub)
{
    (void)hub;
    return false;
}

static void
set_watches(struct weir__hub *hub)
{
    hub->blind = true;
}
#endif

static void
log_blind(const struct weir__hub *hub)
{
    weir_log(hub->store->logger, WEIR_LOG_WARN,
             "sqlite: changes of other processes cannot be watched: looking for them instead",
             weir_log_str("database", hub->store->path), weir_log_ms("every", BLIND_MS));
}

void
weir__watch_arm(struct weir__hub *hub)
{
    bool was_blind = hub->blind;

    if (hub->store->in_memory || hub->polling || (hub->armed && !hub->rearm))
        return; /* who polls now uses the watches, and sets them again when it looks */
    if (hub->rearm)
        open_beside(hub);
    if (hub->conn.db == NULL && weir__store_connect(hub->store, &hub->conn, NULL) != 0) {
        hub->blind = hub->rearm = true; /* tried again with the next look or wait */
        return;
    }
    hub->renewed = hub->renewed || hub->rearm;
    hub->armed = true;
    hub->rearm = false;
    set_watches(hub);
    if (hub->blind && !was_blind)
        log_blind(hub);
}

/* ---- blocking ---- */

static void
start_series(struct weir__hub *hub)
{
    hub->step = 0;
    hub->quiet = false;
    hub->look_at_us = weir__monotonic_us() + step_us[0];
}

/* After a look of the series: when the next one is. */
static void
next_step(struct weir__hub *hub)
{
    hub->quiet = drain(hub->wal_fd) == 0;
    hub->step++;
    if (!hub->quiet && hub->step > BUSY_STEP)
        hub->step = BUSY_STEP;
    if (hub->step >= (int)STEPS)
        hub->step = -1;
    else
        hub->look_at_us = weir__monotonic_us() + step_us[hub->step];
}

/* How long poll() may block; NULL: for ever. */
static struct timespec *
find_timeout(const struct weir__hub *hub, int64_t end_ms, int64_t now_us, struct timespec *room)
{
    int64_t left_us = end_ms == INT64_MAX ? INT64_MAX : end_ms * 1000 - now_us;

    if (hub->step >= 0 && hub->look_at_us - now_us < left_us)
        left_us = hub->look_at_us - now_us;
    if (hub->net_at_us > 0 && hub->net_at_us - now_us < left_us)
        left_us = hub->net_at_us - now_us;
    if (hub->calm_until_us > now_us && hub->calm_until_us - now_us < left_us)
        left_us = hub->calm_until_us - now_us;
    if (hub->blind && hub->blind_at_us - now_us < left_us)
        left_us = hub->blind_at_us - now_us;
    if (left_us == INT64_MAX)
        return NULL;
    if (left_us < 0)
        left_us = 0;
    room->tv_sec = (time_t)(left_us / 1000000);
    room->tv_nsec = (long)(left_us % 1000000) * 1000;
    return room;
}

static void
empty_event(int fd)
{
    uint64_t count;

    if (read(fd, &count, sizeof(count)) < 0)
        return;
}

bool
weir__watch_block(struct weir__hub *hub, int64_t end_ms)
{
    bool heed_log = hub->step < 0 || hub->quiet;
    int64_t now_us =
        weir__monotonic_us(); /* one for both: touches that are left out have a time to be heeded */
    bool heed_touch = now_us >= hub->calm_until_us;
    struct pollfd fds[] = {
        {.fd = hub->event_fd, .events = POLLIN},
        {.fd = heed_touch ? hub->touch_fd : -1, .events = POLLIN},
        {.fd = heed_log ? hub->wal_fd : -1, .events = POLLIN},
    };
    struct timespec room;
    int ready = ppoll(fds, 3, find_timeout(hub, end_ms, now_us, &room), NULL);

    if (ready > 0 && fds[0].revents != 0)
        empty_event(hub->event_fd);
    if (ready > 0 && fds[2].revents != 0 && drain(hub->wal_fd) != 0)
        start_series(hub);
    hub->touched = ready > 0 && fds[1].revents != 0 && drain_touches(hub);
    hub->net_due = hub->net_at_us > 0 && weir__monotonic_us() >= hub->net_at_us;
    if (hub->net_due)
        hub->net_at_us = 0;
    hub->stepped = hub->blind && weir__monotonic_us() >= hub->blind_at_us;
    if (hub->stepped)
        hub->blind_at_us = weir__monotonic_us() + BLIND_US;
    if (hub->step >= 0 && weir__monotonic_us() >= hub->look_at_us) {
        next_step(hub);
        hub->stepped = true;
    }
    return hub->touched || hub->net_due || hub->stepped;
}

/* ---- looking ---- */

static int
read_data_version(struct weir__hub *hub, int64_t *version)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(&hub->conn, WEIR__SQL_data_version, &stmt, "");

    if (code != 0)
        return code;
    code = weir__conn_step(&hub->conn, stmt);
    *version = code == 1 ? sqlite3_column_int64(stmt, 0) : 0;
    weir__conn_end(stmt);
    return code < 0 ? code : 0;
}

static int64_t
earliest(sqlite3_stmt *stmt, int column, int64_t other)
{
    int64_t due;

    if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
        return other;
    due = sqlite3_column_int64(stmt, column);
    return due < other ? due : other;
}

static bool
mark_row(struct weir__hub *hub, struct weir__hub_queue *queue, sqlite3_stmt *stmt)
{
    int64_t cancels = sqlite3_column_int64(stmt, 0);
    int64_t joins = sqlite3_column_int64(stmt, 4);
    int64_t due_at_ms = earliest(stmt, 2, earliest(stmt, 3, WEIR_NEVER));
    bool changed = false;

    if (sqlite3_column_int(stmt, 1) != 0 && weir__heed_work(hub, queue)) {
        queue->work = hub->generation + 1;
        changed = true;
    }
    if (cancels != queue->cancels) {
        queue->cancels = cancels;
        queue->cancel = hub->generation + 1;
        changed = true;
    }
    if (joins != queue->joins) {
        queue->joins = joins;
        queue->group = hub->generation + 1;
        changed = true;
    }
    if (due_at_ms < queue->told_due_at_ms) {
        queue->told_due_at_ms = due_at_ms;
        queue->due = hub->generation + 1;
        changed = true;
    }
    return changed;
}

static bool
mark_all(struct weir__hub *hub, struct weir__hub_queue *queue)
{
    queue->work = queue->due = queue->cancel = queue->group = hub->generation + 1;
    return true;
}

static bool
look_at(struct weir__hub *hub, struct weir__hub_queue *queue)
{
    sqlite3_stmt *stmt;
    bool changed = false;
    int code = weir__conn_start(&hub->conn, WEIR__SQL_look, &stmt, "s", queue->name);

    if (code != 0)
        return mark_all(hub, queue);
    code = weir__conn_step(&hub->conn, stmt);
    if (code == 1)
        changed = mark_row(hub, queue, stmt);
    weir__conn_end(stmt);
    return code < 0 ? mark_all(hub, queue) : changed;
}

static void
note_look(struct weir__hub *hub, bool found)
{
    int64_t now_us = weir__monotonic_us();

    if (found || now_us - hub->looked_at_us > FUTILE_WITHIN_US)
        hub->futile = 0;
    else if (hub->futile < FUTILE_LOOKS)
        hub->futile++;
    hub->looked_at_us = now_us;
    hub->calm_until_us = hub->futile == FUTILE_LOOKS ? now_us + CALM_US : 0;
}

static bool
look(struct weir__hub *hub)
{
    struct weir__hub_queue *queue;
    int64_t version = 0;
    bool changed = false;

    if (read_data_version(hub, &version) == 0 && version == hub->data_version && !hub->must_look)
        return false;
    hub->data_version = version;
    for (queue = hub->queues; queue != NULL; queue = queue->next)
        changed = look_at(hub, queue) || changed;
    if (changed)
        hub->generation++;
    return changed;
}

bool
weir__watch_look(struct weir__hub *hub)
{
    bool changed;

    if (hub->rearm)
        weir__watch_arm(hub);
    hub->concerned = false;
    if (hub->conn.db == NULL)
        return false;
    if (!weir__heed_news(hub)) {
        if (hub->touched && !hub->concerned)
            note_look(hub, false);
        return false;
    }
    changed = look(hub);
    weir__heed_done(hub);
    if (hub->touched)
        note_look(hub, changed);
    return changed;
}
