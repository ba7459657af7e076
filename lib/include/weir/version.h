/* SPDX-License-Identifier: MIT */
/*
 * The version of weir: as numbers for the preprocessor (the headers that a program was compiled
 * with), and as a function (the library that it runs with).
 */
#ifndef WEIR_VERSION_H
#define WEIR_VERSION_H

#include <weir/api.h>

WEIR_BEGIN_DECLS

#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0

/* One number that grows with each version: #if WEIR_VERSION >= 100 means 0.1.0 or newer. */
#define WEIR_VERSION (WEIR_VERSION_MAJOR * 10000 + WEIR_VERSION_MINOR * 100 + WEIR_VERSION_PATCH)

/*
 * The version of the library at run time, as "MAJOR.MINOR.PATCH".
 *
 * The string is static. May be called from any thread. Cannot fail. Since 0.1.0.
 */
WEIR_API const char *weir_version(void);

WEIR_END_DECLS

#endif
