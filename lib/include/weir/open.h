/* SPDX-License-Identifier: MIT */
/*
 * Opening a broker: the store that holds the queues, named by a URL. A weir_broker is shared by
 * the clients, servers and inspectors of a process.
 *
 *   sqlite:PATH              a file, relative or absolute   (?sync=normal, ?busy_timeout=10s, ?mode=rw)
 *   sqlite::memory:          this process only
 *   redis://[user:pass@]host[:port][/db]                    (rediss:// over TLS)
 *   redis+unix:///path/to/socket?db=n
 *   redis+sentinel://host[:port],.../master[/db]            (rediss+sentinel:// over TLS)
 */
#ifndef WEIR_OPEN_H
#define WEIR_OPEN_H

#include <weir/api.h>
#include <weir/clock.h>
#include <weir/error.h>
#include <weir/log.h>

WEIR_BEGIN_DECLS

typedef struct weir_broker weir_broker;

/*
 * What opening may do to a store that is a file. A URL may say the same (sqlite:PATH?mode=rwc, rw or ro); the stricter of
 * the two holds. Stores of which opening makes nothing (a Redis server, memory) take no notice. Since 0.1.
 */
typedef enum weir_open_mode {
    WEIR_OPEN_CREATE = 0, /* makes what is missing */
    WEIR_OPEN_EXISTING,   /* the file must be there; its tables are made or brought up to date */
    WEIR_OPEN_READ        /* file and tables must be there. What would write is refused with
                             WEIR_E_READONLY, and the rights to write are not needed */
} weir_open_mode;

/* How to open a broker; zero-filled means the defaults. The pointers stay the caller's and must
 * outlive the broker. Since 0.1. */
typedef struct weir_broker_options {
    const weir_clock *clock; /* NULL: the system's */
    weir_logger *logger;     /* NULL: silent */
    weir_open_mode mode;
    uint64_t reserved[5];
} weir_broker_options;

/*
 * Opens the broker that `url` names and puts it into *broker, with one reference, which the caller
 * gives back with weir_broker_close(). A SQLite file is created when it is missing and its schema
 * brought up to date, as far as options->mode allows. options may be NULL. On failure *broker is NULL.
 * Errors: WEIR_E_URL (malformed, unknown scheme or option), WEIR_E_UNSUPPORTED (scheme known, but
 * left out of this build), WEIR_E_UNAVAILABLE (also: the file is not there and the mode forbids to make
 * it), WEIR_E_STATE (WEIR_OPEN_READ: the file has no tables of this version), WEIR_E_AUTH,
 * WEIR_E_CORRUPT, WEIR_E_VERSION, WEIR_E_READONLY, WEIR_E_BUSY, WEIR_E_FULL, WEIR_E_IO,
 * WEIR_E_INVALID, WEIR_E_NOMEM. Any thread. Since 0.1.
 */
WEIR_API int weir_broker_open(weir_broker **broker, const char *url,
                              const weir_broker_options *options, weir_error *err);

/* Takes one more reference and returns broker. Any thread. Since 0.1. */
WEIR_API weir_broker *weir_broker_ref(weir_broker *broker);

/* Gives a reference back; the last one closes the store. NULL is allowed. Any thread. Since 0.1. */
WEIR_API void weir_broker_close(weir_broker *broker);

/*
 * Returns the URL with its password hidden, for messages. Owned by the broker. Any thread. Since
 * 0.1.
 */
WEIR_API const char *weir_broker_url(const weir_broker *broker);

/* Returns the clock that the broker was opened with. Any thread. Since 0.1. */
WEIR_API const weir_clock *weir_broker_clock(const weir_broker *broker);

/* Returns the names of the URL schemes this build knows, NULL-terminated, static. Since 0.1. */
WEIR_API const char *const *weir_broker_schemes(void);

WEIR_END_DECLS

#endif
