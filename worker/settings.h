/* SPDX-License-Identifier: MIT */
/* A server's options, checked, copied, and with every default put in. Constant after that. */
#ifndef WEIR_WORKER_SETTINGS_H
#define WEIR_WORKER_SETTINGS_H

#include "outcome.h"

struct weir__settings {
    weir_queue_weight *queues; /* names are copies */
    const char **names;        /* of the queues */
    size_t queue_count;
    bool strict;
    int concurrency;
    int64_t shutdown_timeout_ms; /* 0: not at all */
    int64_t lease_ms;
    int64_t heartbeat_ms;
    int64_t cancel_grace_ms;
    int64_t recover_ms;
    int64_t janitor_ms;
    int64_t archive_max;
    int64_t archive_age_ms;
    bool exit_when_stuck;
    struct weir__rules rules; /* clock and logger set too */
};

/* Fills *settings; options may be NULL. WEIR_E_INVALID names the option. */
int weir__settings_init(struct weir__settings *settings, const weir_server_options *options,
                        weir_error *err);
void weir__settings_release(struct weir__settings *settings);

#endif
