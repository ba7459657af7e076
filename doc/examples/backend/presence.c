/* SPDX-License-Identifier: MIT */
/* Servers, copied down to the last text, until their time is over. */
#include "memo.h"

#include <stdlib.h>
#include <string.h>

void
memo_free_server(struct server *server)
{
    weir_server_info *info = &server->info;

    for (size_t i = 0; info->queues && i < info->queue_count; i++)
        free((char *)info->queues[i].name);
    for (size_t i = 0; info->workers && i < info->worker_count; i++) {
        free((char *)info->workers[i].task_id);
        free((char *)info->workers[i].task_type);
        free((char *)info->workers[i].queue);
        free((void *)info->workers[i].payload);
    }
    free((void *)info->queues);
    free((void *)info->workers);
    free((char *)info->id);
    free((char *)info->host);
    free((char *)info->status);
    free(server);
}

/* All or nothing: *well becomes false when memory runs out. */
static char *
copy_bytes(const void *from, size_t len, bool *well)
{
    char *copy = from ? malloc(len + 1) : NULL;

    if (copy) {
        memcpy(copy, from, len);
        copy[len] = '\0';
    }
    *well = *well && (copy || !from);
    return copy;
}

static char *
copy_text(const char *from, bool *well)
{
    return copy_bytes(from, from ? strlen(from) : 0, well);
}

static bool
copy_lists(weir_server_info *info, const weir_server_info *from)
{
    weir_queue_weight *queues = calloc(from->queue_count + 1, sizeof *queues);
    weir_worker_info *workers = calloc(from->worker_count + 1, sizeof *workers);
    bool well = queues && workers;

    info->queues = queues;
    info->workers = workers;
    for (size_t i = 0; queues && i < from->queue_count; i++) {
        queues[i].name = copy_text(from->queues[i].name, &well);
        queues[i].weight = from->queues[i].weight;
    }
    for (size_t i = 0; workers && i < from->worker_count; i++) {
        workers[i] = from->workers[i];
        workers[i].task_id = copy_text(from->workers[i].task_id, &well);
        workers[i].task_type = copy_text(from->workers[i].task_type, &well);
        workers[i].queue = copy_text(from->workers[i].queue, &well);
        workers[i].payload =
            copy_bytes(from->workers[i].payload, from->workers[i].payload_len, &well);
    }
    return well;
}

static struct server *
copy_server(const weir_server_info *from)
{
    struct server *server = calloc(1, sizeof *server);
    bool well = true;

    if (!server)
        return NULL;
    server->info = *from;
    server->info.id = copy_text(from->id, &well);
    server->info.host = copy_text(from->host, &well);
    server->info.status = copy_text(from->status, &well);
    if (copy_lists(&server->info, from) && well)
        return server;
    memo_free_server(server);
    return NULL;
}

int
memo_leave(void *self, const weir_server_info *info, weir_error *err)
{
    struct memo *memo = self;

    (void)err;
    pthread_mutex_lock(&memo->lock);
    for (struct server **at = &memo->servers; *at;) {
        struct server *server = *at;

        if (strcmp(server->info.id, info->id) != 0) {
            at = &server->next;
            continue;
        }
        *at = server->next;
        memo_free_server(server);
    }
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

int
memo_beat(void *self, int64_t now_ms, const weir_server_info *info, int64_t ttl_ms, weir_error *err)
{
    struct memo *memo = self;
    struct server *server = copy_server(info);
    struct server **at = &memo->servers;

    if (!server)
        return memo_no_memory(err);
    memo_leave(self, info, NULL);
    server->until_ms = now_ms + ttl_ms;
    pthread_mutex_lock(&memo->lock);
    while (*at && strcmp((*at)->info.id, info->id) < 0)
        at = &(*at)->next;
    server->next = *at;
    *at = server;
    pthread_mutex_unlock(&memo->lock);
    return 0;
}

int
memo_servers(void *self, int64_t now_ms, weir_server_sink sink, void *arg, weir_error *err)
{
    struct memo *memo = self;
    int rc = 0;

    pthread_mutex_lock(&memo->lock);
    for (const struct server *server = memo->servers; server && rc == 0; server = server->next) {
        if (server->until_ms > now_ms)
            rc = sink(arg, &server->info);
    }
    pthread_mutex_unlock(&memo->lock);
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}
