/* SPDX-License-Identifier: MIT */
/* The version as a string, made from the numbers in the public header. */
#include <config.h>

#include <weir/version.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const char *
weir_version(void)
{
    return TEXT(WEIR_VERSION_MAJOR) "." TEXT(WEIR_VERSION_MINOR) "." TEXT(WEIR_VERSION_PATCH);
}
