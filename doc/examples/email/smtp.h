/* SPDX-License-Identifier: MIT */
/*
 * Delivery to a mail server by SMTP.
 */
#ifndef EMAIL_SMTP_H
#define EMAIL_SMTP_H

#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message for one recipient. */
struct smtp_job {
    const char *url; /* smtp://host[:port] or smtps://host[:port], with user:password@ if needed */
    const char *from;
    const char *to;
    const char *text; /* with CR LF at the end of each line */
    size_t len;
    int64_t timeout_ms;                   /* for all of it; > 0 */
    int (*is_cancelled)(const void *arg); /* asked about once a second; not 0 ends the transfer */
    const void *arg;
};

/*
 * Hands a message to the server. Any thread. Returns 0 when the server has taken it, else
 *   WEIR_E_INVALID      the server refused it for good (5xx)
 *   WEIR_E_CANCELED     is_cancelled() said so
 *   WEIR_E_TIMEOUT, WEIR_E_UNAVAILABLE, WEIR_E_NOMEM    not now (4xx, no connection, ...)
 */
int smtp_send(const struct smtp_job *job, weir_error *err);

#endif
