/* SPDX-License-Identifier: MIT */
/*
 * Where the broker is, for both programs alike: the option, else WEIR_BROKER, else the configuration file, else a
 * SQLite file in the user's data folder. The configuration file is the option's or WEIR_CONFIG's.
 */
#ifndef WEIR_PROGRAMS_WHERE_H
#define WEIR_PROGRAMS_WHERE_H

#include <weir/config.h>
#include <weir/error.h>
#include <weir/open.h>

#include <stdbool.h>

/* A broker's URL and who gave it; zero-filled at first. */
struct where {
    char *url;
    char *folder; /* of the fallback, which may be missing; else NULL */
    enum where_from {
        WHERE_OPTION,
        WHERE_ENVIRONMENT,
        WHERE_CONFIG,
        WHERE_FALLBACK
    } from;
};

/*
 * Loads the configuration file that the option or the environment names, and the backends that it names, or sets *config
 * to NULL when neither does. Errors: those of weir_config_load() and weir_backend_load(); *config may be set.
 */
int where_config(weir_config **config, const char *option, weir_error *err);

/* An option_fn: loads a backend at once. */
int where_load_backend(void *into, const char *value, weir_error *err);

/*
 * Finds the broker's URL; option and config may be NULL. A relative path in the configuration's URL begins in the file's
 * folder. Ends with where_release(). Errors: WEIR_E_CONFIG (no home), WEIR_E_NOMEM.
 */
int where_broker(struct where *where, const char *option, const weir_config *config,
                 weir_error *err);

/*
 * Returns who gave the URL: "--broker", "WEIR_BROKER", or its place in the configuration file, written into buf; NULL for
 * the fallback.
 */
const char *where_source(const struct where *where, const weir_config *config, char *buf,
                         size_t size);

/*
 * Opens that broker; the folder of the fallback is made where the mode allows to make the file. Says in an error who gave
 * the URL, as where_source() does; a mistake of the configuration file's URL is WEIR_E_CONFIG. Errors: those of
 * weir_broker_open().
 */
int where_open(weir_broker **broker, const struct where *where, const weir_config *config,
               const weir_broker_options *options, weir_error *err);

/* True for a broker that ends with the process that opened it. */
bool where_is_in_memory(const char *url);

/* True for an error of where_open() that only means that a file is not there yet. */
bool where_is_missing(const struct where *where, int rc);

/* Checks that the folder of such a file is there and may be written. Errors: WEIR_E_IO, WEIR_E_NOMEM. */
int where_can_make(const struct where *where, const weir_config *config, weir_error *err);

void where_release(struct where *where);

#endif
