/* SPDX-License-Identifier: MIT */
/* Groups: three notices for one user become one mail. */
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <weir.h>

static sem_t done;

/* One mail with a line for each notice. */
static int
digest(const weir_group *group, weir_task *task, void *arg, weir_error *err)
{
    size_t size = 0;
    size_t len = 0;

    (void)arg;
    for (size_t i = 0; i < group->count; i++)
        size += group->tasks[i]->payload_len + 1;
    char *text = weir_group_alloc(group, size);
    if (text == NULL)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    for (size_t i = 0; i < group->count; i++) {
        memcpy(text + len, group->tasks[i]->payload, group->tasks[i]->payload_len);
        len += group->tasks[i]->payload_len;
        text[len++] = '\n';
    }
    task->type = "mail";
    task->payload = text;
    task->payload_len = len;
    return 0;
}

static weir_outcome
mail(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)ctx;
    (void)arg;
    printf("%.*s", (int)task->payload_len, (const char *)task->payload);
    fflush(stdout);
    sem_post(&done);
    return WEIR_DONE;
}

static int
notify(weir_client *client, const char *text, weir_error *err)
{
    const weir_task task = {
        .type = "notice", .payload = text, .payload_len = strlen(text), .group = "user:42"};

    return weir_enqueue(client, &task, NULL, err);
}

int
main(void)
{
    const weir_server_options options = {.group = {.grace_ms = 60000, .max_size = 3}};
    weir_broker *broker = NULL;
    weir_client *client = NULL;
    weir_server *server = NULL;
    weir_mux *mux = weir_mux_new();
    weir_error err = {0};

    sem_init(&done, 0, 0);
    if (weir_broker_open(&broker, "sqlite:tasks.db", NULL, &err) == 0 &&
        weir_mux_handle(mux, "mail", mail, NULL, &err) == 0 &&
        weir_mux_aggregate(mux, "notice", digest, NULL, &err) == 0 &&
        weir_server_new(&server, broker, mux, &options, &err) == 0 &&
        weir_server_start(server, &err) == 0 && weir_client_new(&client, broker, &err) == 0 &&
        notify(client, "Ada wrote to you", &err) == 0 &&
        notify(client, "Bob likes your page", &err) == 0 &&
        notify(client, "Your export is ready", &err) == 0) {
        sem_wait(&done);
        weir_server_stop(server);
    }
    if (err.code != 0)
        fprintf(stderr, "%s\n", err.text);
    weir_server_free(server);
    weir_client_free(client);
    weir_mux_free(mux);
    weir_broker_close(broker);
    return err.code != 0;
}
