/* SPDX-License-Identifier: MIT */
/*
 * A server's options, checked, copied, and with every default put in. Constant after that, but the policies in
 * `rules` and `groups`, which have a lock.
 */
#ifndef WEIR_WORKER_SETTINGS_H
#define WEIR_WORKER_SETTINGS_H

#include "outcome.h"
#include "queue_set.h"

struct weir__type_group {
    struct weir__pattern pattern; /* first, for weir__pattern_find() */
    weir_group_policy policy;
};

/* What holds for groups. */
struct weir__group_rules {
    int64_t timeout_ms;
    weir_group_policy policy;       /* of types without one of their own; complete */
    struct weir__type_group *types; /* complete policies */
    size_t type_count;
};

struct weir__settings {
    struct weir__queue_set *queues; /* to begin with */
    int concurrency;                /* to begin with */
    int64_t shutdown_timeout_ms;    /* 0: not at all */
    int64_t lease_ms;
    int64_t heartbeat_ms;
    int64_t cancel_grace_ms;
    int64_t recover_ms;
    int64_t janitor_ms;
    int64_t health_ms;
    int64_t archive_max;
    int64_t archive_age_ms;
    bool exit_when_stuck;
    struct weir__group_rules groups;
    weir_health_fn on_health;
    void *on_health_arg;
    weir_reload_fn on_reload;
    void *on_reload_arg;
    struct weir__rules rules; /* clock and logger set too */
};

/* Fills *settings; options may be NULL. WEIR_E_INVALID names the option. */
int weir__settings_init(struct weir__settings *settings, const weir_server_options *options,
                        weir_error *err);
void weir__settings_release(struct weir__settings *settings);

/* The option's meaning: 0 stands for the number of CPUs. WEIR_E_INVALID. */
int weir__settings_concurrency(int given, int *concurrency, weir_error *err);

/* Checks and copies what the options say of groups. WEIR_E_INVALID, WEIR_E_NOMEM; to be dropped also then. */
int weir__group_rules_init(struct weir__group_rules *groups, const weir_server_options *options,
                           weir_error *err);
void weir__group_rules_drop(struct weir__group_rules *groups);

/* Checks and copies policies into *rules, which has none. WEIR_E_INVALID, WEIR_E_NOMEM; what was copied then is to
 * be dropped as well. */
int weir__rules_set_policies(struct weir__rules *rules, const weir_retry_policy *retry,
                             const weir_type_retry *retries, size_t count, weir_error *err);
void weir__rules_drop_policies(struct weir__rules *rules);

#endif
