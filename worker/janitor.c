/* SPDX-License-Identifier: MIT */
/* Expiry: removes completed tasks whose retention is over, and archived ones beyond the limits. */
#include <config.h>

#include "runtime.h"

enum {
    EXPIRE_MAX = 256
};

int64_t
weir__janitor_duty(void *arg)
{
    weir_server *server = arg;
    weir_error err = {0};
    weir_expire expire = {.max = EXPIRE_MAX,
                          .archive_max = server->settings.archive_max,
                          .archive_age_ms = server->settings.archive_age_ms};

    if (weir__server_stops(server)) {
        return WEIR_NEVER;
    }
    struct weir__queue_set *queues = weir__server_queues(server);
    expire.queues = queues->names;
    expire.queue_count = queues->count;
    int code = weir__expire(server->broker, &expire, &err);
    weir__queue_set_unref(queues);
    int64_t now_ms = weir__broker_boot_ms(server->broker);

    if (code != 0) {
        return now_ms + weir__outage_failed(server, WEIR__PARTY_JANITOR, "expire", &err);
    }
    weir__outage_over(server, WEIR__PARTY_JANITOR);
    return expire.removed >= EXPIRE_MAX ? now_ms : now_ms + server->settings.janitor_ms;
}
