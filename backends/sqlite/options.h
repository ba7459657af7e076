/* SPDX-License-Identifier: MIT */
/*
 * What a broker URL says: sqlite:PATH?sync=full|normal&busy_timeout=10s&mode=rwc|rw|ro
 */
#ifndef WEIR_SQLITE_OPTIONS_H
#define WEIR_SQLITE_OPTIONS_H

#include <weir/broker.h>

#define WEIR__BUSY_TIMEOUT_MS 10000

struct weir__options {
    const char *path; /* the URL's */
    bool sync_normal;
    int64_t busy_timeout_ms;
    weir_open_mode mode;
};

/* Reads the URL; path is borrowed from it. WEIR_E_URL names what is wrong. */
int weir__options_parse(struct weir__options *options, const weir_url *url, weir_error *err);

#endif
