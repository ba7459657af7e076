/* SPDX-License-Identifier: MIT */
/*
 * The rule for the times after a zone's last transition: the POSIX TZ text at the end of a TZif file, such as
 * "CET-1CEST,M3.5.0,M10.5.0/3", with the hours of RFC 8536 (-167 to 167).
 */
#ifndef WEIR_LIB_TZRULE_H
#define WEIR_LIB_TZRULE_H

#include <stdbool.h>
#include <stdint.h>

/* A stretch of time [from, until), unix seconds, in which a zone is `offset` seconds east of UTC. */
struct weir__tzspan {
    int64_t from;
    int64_t until; /* INT64_MAX: for ever */
    int32_t offset;
};

/* A day of every year, and a time on it. */
struct weir__tzday {
    char kind; /* 'J': 1 to 365 without Feb 29; 'N': 0 to 365; 'M': month.week.weekday */
    int day;   /* of the year; of 'M', the weekday */
    int month;
    int week; /* 1 to 5, 5 is the last */
    int32_t time_s;
};

struct weir__tzrule {
    int32_t standard;
    int32_t summer;
    bool has_summer;
    struct weir__tzday begins;
    struct weir__tzday ends;
};

/* False for a text that is no rule. */
bool weir__tzrule_parse(struct weir__tzrule *rule, const char *text);

/* The stretch around a time of the years -1000000 to 1000000. */
struct weir__tzspan weir__tzrule_at(const struct weir__tzrule *rule, int64_t at_s);

#endif
