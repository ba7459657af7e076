/* SPDX-License-Identifier: MIT */
/* Servers that give signs of life. */
#include <config.h>

#include "kit.h"

#include <stdio.h>

#define TTL_MS 5000

static const weir_queue_weight weights[] = {{.name = "alpha", .weight = 6},
                                            {.name = "beta", .weight = 1}};
static const weir_worker_info workers[] = {{.task_id = "id-1",
                                            .task_type = "email:deliver",
                                            .queue = "alpha",
                                            .payload = "p\0q",
                                            .payload_len = 3,
                                            .started_at_ms = START_MS - 5,
                                            .deadline_ms = START_MS + 500},
                                           {.task_id = "id-2", .task_type = "t", .queue = "beta"}};

static weir_server_info
server(const char *id)
{
    return (weir_server_info){.id = id,
                              .host = "höst",
                              .pid = 4711,
                              .concurrency = 8,
                              .queues = weights,
                              .queue_count = 2,
                              .strict_priority = true,
                              .status = "active",
                              .started_at_ms = START_MS - 100,
                              .workers = workers,
                              .worker_count = 2};
}

static int
append(void *arg, const weir_server_info *info)
{
    char *text = arg;
    size_t len = strlen(text);

    snprintf(text + len, 200 - len, "%s ", info->id);
    return 0;
}

static const char *
listed(void)
{
    static char text[200];

    text[0] = '\0';
    OK(weir__servers(store, append, text, NULL));
    return text;
}

static void
check_worker(const weir_worker_info *worker)
{
    SAME(worker->task_id, "id-1");
    SAME(worker->task_type, "email:deliver");
    SAME(worker->queue, "alpha");
    IS(worker->payload_len, 3);
    OK(memcmp(worker->payload, "p\0q", 3));
    IS(worker->started_at_ms, START_MS - 5);
    IS(worker->deadline_ms, START_MS + 500);
}

static int
check_server(void *arg, const weir_server_info *info)
{
    int *seen = arg;

    ++*seen;
    SAME(info->host, "höst");
    IS(info->pid, 4711);
    IS(info->concurrency, 8);
    IS(info->strict_priority, true);
    SAME(info->status, "active");
    IS(info->started_at_ms, START_MS - 100);
    if (IS(info->queue_count, 2)) {
        SAME(info->queues[0].name, "alpha");
        IS(info->queues[0].weight, 6);
        SAME(info->queues[1].name, "beta");
    }
    if (IS(info->worker_count, 2))
        check_worker(strcmp(info->workers[0].task_id, "id-1") == 0 ? &info->workers[0]
                                                                   : &info->workers[1]);
    return 0;
}

static void
a_server_is_listed_with_all_it_told(void)
{
    weir_server_info info = server("s");
    int seen = 0;

    OK(weir__beat(store, &info, TTL_MS, NULL));
    OK(weir__servers(store, check_server, &seen, NULL));
    IS(seen, 1);
}

static void
a_server_is_listed_until_its_time_is_over(void)
{
    weir_server_info a = server("a");
    weir_server_info b = server("b");

    OK(weir__beat(store, &a, TTL_MS, NULL));
    manual_clock_advance(&now, TTL_MS / 2);
    OK(weir__beat(store, &b, TTL_MS, NULL));
    SAME(listed(), "a b ");
    manual_clock_advance(&now, TTL_MS / 2 + 1);
    SAME(listed(), "b ");
    OK(weir__beat(store, &a, TTL_MS, NULL));
    SAME(listed(), "a b ");
}

static void
a_new_beat_takes_the_place_of_the_old_one(void)
{
    weir_server_info info = server("s");
    int seen = 0;

    info.worker_count = 0;
    info.status = "stopped";
    OK(weir__beat(store, &info, TTL_MS, NULL));
    SAME(listed(), "s ");
    info = server("s");
    OK(weir__beat(store, &info, TTL_MS, NULL));
    OK(weir__servers(store, check_server, &seen, NULL));
    IS(seen, 1);
}

static void
a_server_that_leaves_is_not_listed(void)
{
    weir_server_info a = server("a");
    weir_server_info b = server("b");

    OK(weir__beat(store, &a, TTL_MS, NULL));
    OK(weir__beat(store, &b, TTL_MS, NULL));
    OK(weir__leave(store, &a, NULL));
    SAME(listed(), "b ");
    OK(weir__leave(store, &a, NULL));
}

static const CU_TestInfo cases[] = {
    CASE(a_server_is_listed_with_all_it_told),
    CASE(a_server_is_listed_until_its_time_is_over),
    CASE(a_new_beat_takes_the_place_of_the_old_one),
    CASE(a_server_that_leaves_is_not_listed),
    CASES_END,
};

CASES(presence);
