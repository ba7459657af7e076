/* SPDX-License-Identifier: MIT */
/* Health: asks the broker whether it answers and tells the application. Without a hook it never runs. */
#include <config.h>

#include "runtime.h"

int64_t
weir__health_duty(void *arg)
{
    weir_server *server = arg;
    const struct weir__settings *settings = &server->settings;
    weir_error err = {0};

    if (settings->on_health == NULL || weir__server_stops(server)) {
        return WEIR_NEVER;
    }
    int code = weir__ping(server->broker, &err);
    weir_health health = {
        .code = code,
        .error = code != 0 ? err.text : NULL,
        .stuck = weir_server_stuck(server),
        .active = weir_server_active(server),
        .concurrency = atomic_load(&server->concurrency),
    };
    settings->on_health(&health, settings->on_health_arg);
    return weir__broker_boot_ms(server->broker) + settings->health_ms;
}
