/* SPDX-License-Identifier: MIT */
/* Any text as a broker URL. Opening refuses it, because the schemes of the inputs have no backend. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "url.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_error error = {0};
    struct weir__url url;
    char *text = malloc(size + 1);
    int rc;

    FUZZ_MUST(text);
    memcpy(text, data, size);
    text[size] = '\0';
    rc = weir__url_parse(&url, text, &error);
    FUZZ_MUST(rc == 0 || rc == WEIR_E_URL);
    FUZZ_MUST(error.code == rc);
    if (rc == 0) {
        FUZZ_MUST(url.parts.scheme && weir__url_redacted(&url));
        weir__url_release(&url);
    }
    free(text);
    return 0;
}
