/* SPDX-License-Identifier: MIT */
/*
 * Where the broker is, for both programs alike: the option, else WEIR_BROKER, else the configuration file, else a
 * SQLite file in the user's data folder. The configuration file is the option's or WEIR_CONFIG's.
 */
#ifndef WEIR_PROGRAMS_WHERE_H
#define WEIR_PROGRAMS_WHERE_H

#include <weir/config.h>
#include <weir/error.h>

#include <stdbool.h>

/*
 * Loads the configuration file that the option or the environment names, and the backends that it names, or sets *config
 * to NULL when neither does. Errors: those of weir_config_load() and weir_backend_load(); *config may be set.
 */
int where_config(weir_config **config, const char *option, weir_error *err);

/* An option_fn: loads a backend at once. */
int where_load_backend(void *into, const char *value, weir_error *err);

/*
 * Puts the broker's URL into *url, to be freed by the caller; option and config may be NULL. *fallback tells whether it
 * is the file in the user's data folder, whose folder is made. Errors: WEIR_E_IO, WEIR_E_CONFIG (no home), WEIR_E_NOMEM.
 */
int where_broker(char **url, bool *fallback, const char *option, const weir_config *config,
                 weir_error *err);

#endif
