/* SPDX-License-Identifier: MIT */
/* Any text as a configuration: read, or refused with its place. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/config.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_error error = {0};
    weir_config *config;
    int rc = weir_config_parse(&config, (const char *)data, size, "f", &error);

    FUZZ_MUST(rc == 0 || rc == WEIR_E_CONFIG);
    FUZZ_MUST(error.code == rc);
    FUZZ_MUST((rc == 0) == (config != NULL));
    FUZZ_MUST(rc == 0 || strncmp(error.text, "f:", 2) == 0);
    weir_config_free(config);
    return 0;
}
