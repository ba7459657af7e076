/* SPDX-License-Identifier: MIT */
/*
 * A worker that was stopped has given its tasks back; one that was killed leaves active tasks behind, whose leases
 * must end before the queue can go. That is waited for, but not for ever.
 */
#include <config.h>

#include "place.h"

#include "meter.h"
#include "server_pid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
    CLEAR_PATIENCE_S = 20,
    CLEAR_PAUSE_MS = 20
};

static void
pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&time, &time) != 0 && errno == EINTR) {}
}

void
place_name(struct place *place, const char *url, size_t queue_count)
{
    uint64_t number = 0;

    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
        number = (uint64_t)meter_now_ns() ^ (uint64_t)getpid() << 40;
    }
    place->url = url;
    place->queue_count = queue_count;
    for (size_t i = 0; i < queue_count; i++) {
        snprintf(place->queues[i], sizeof place->queues[i], "weir-bench-%016" PRIx64 "-%zu", number,
                 i + 1);
    }
}

int
place_open_broker(struct place *place, weir_error *err)
{
    weir_log_options log = {.level = WEIR_LOG_WARN};
    int rc = weir_logger_new(&place->logger, &log, err);

    if (rc != 0) {
        return rc;
    }
    weir_broker_options options = {.logger = place->logger};
    return weir_broker_open(&place->broker, place->url, &options, err);
}

/* The sum of what is in the queues; 0 for those that are not there. */
static int
count_tasks(struct place *place, size_t (*of)(const weir_queue_info *info), size_t *sum,
            weir_error *err)
{
    *sum = 0;
    for (size_t i = 0; i < place->queue_count; i++) {
        weir_queue_list *list = NULL;
        weir_error why = {0};
        int rc = weir_inspect_queue(place->inspector, place->queues[i], &list, &why);
        if (rc == 0) {
            *sum += of(&list->items[0]);
        }
        weir_queue_list_free(list);
        if (rc != 0 && rc != WEIR_E_NO_QUEUE) {
            return weir_error_set(err, rc, "%s", why.text);
        }
    }
    return 0;
}

static size_t
all_of(const weir_queue_info *info)
{
    return info->size;
}

static size_t
left_of(const weir_queue_info *info)
{
    return info->pending + info->active;
}

int
place_left(struct place *place, size_t *left, weir_error *err)
{
    return count_tasks(place, left_of, left, err);
}

int
place_open(struct place *place, pid_t server_pid, weir_error *err)
{
    size_t size = 0;
    int rc = place_open_broker(place, err);

    if (rc == 0) {
        rc = weir_client_new(&place->client, place->broker, err);
    }
    if (rc == 0) {
        rc = weir_inspector_new(&place->inspector, place->broker, err);
    }
    if (rc == 0) {
        rc = count_tasks(place, all_of, &size, err);
    }
    if (rc == 0 && size > 0) {
        rc = weir_error_set(err, WEIR_E_STATE, "the queue %s has tasks already", place->queues[0]);
    }
    if (rc != 0) {
        place->queue_count = 0; /* not ours: nothing to clear */
        return rc;
    }
    place->server = server_pid > 0 ? server_pid : server_pid_of(place->url);
    return 0;
}

static int
clear_queue(struct place *place, const char *queue, weir_error *err)
{
    int64_t until_ns = meter_now_ns() + CLEAR_PATIENCE_S * INT64_C(1000000000);
    weir_error why = {0};
    int rc;

    for (;;) {
        memset(&why, 0, sizeof why);
        rc = weir_remove_queue(place->inspector, queue, true, NULL, NULL, &why);
        if (rc != WEIR_E_STATE || meter_now_ns() > until_ns) {
            break;
        }
        pause_ms(CLEAR_PAUSE_MS);
    }
    return rc == 0 || rc == WEIR_E_NO_QUEUE ? 0 : weir_error_set(err, rc, "%s", why.text);
}

int
place_clear(struct place *place, weir_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < place->queue_count && place->inspector != NULL; i++) {
        int one = clear_queue(place, place->queues[i], err);
        rc = rc != 0 ? rc : one;
    }
    return rc;
}

void
place_close(struct place *place)
{
    weir_inspector_free(place->inspector);
    weir_client_free(place->client);
    weir_broker_close(place->broker);
    weir_logger_free(place->logger);
    memset(place, 0, sizeof *place);
}
