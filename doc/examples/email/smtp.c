/* SPDX-License-Identifier: MIT */
/*
 * SMTP through libcurl, one connection to a message. A server's answer decides whether to try again: 5xx is for good,
 * everything else (4xx, no connection, silence) may be better next time. A refused login is the operator's
 * mistake and not the message's, so it is tried again too.
 */
#include "smtp.h"

#include <curl/curl.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 10000L

/* A transfer under way. */
struct transfer {
    const struct smtp_job *job;
    size_t sent;
    char detail[CURL_ERROR_SIZE];
};

static size_t
read_text(char *buffer, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t room = size * count, left = transfer->job->len - transfer->sent;
    size_t n = left < room ? left : room;

    memcpy(buffer, transfer->job->text + transfer->sent, n);
    transfer->sent += n;
    return n;
}

static int
on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    const struct transfer *transfer = arg;

    (void)down_total, (void)down, (void)up_total, (void)up;
    return transfer->job->is_cancelled(transfer->job->arg);
}

static void
set_options(CURL *curl, struct transfer *transfer, struct curl_slist *to)
{
    const struct smtp_job *job = transfer->job;

    curl_easy_setopt(curl, CURLOPT_URL, job->url);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, job->from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_text);
    curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)job->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->detail);
}

static int
classify(CURLcode code, long reply)
{
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return WEIR_E_CANCELED;
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return WEIR_E_TIMEOUT;
    }
    return reply >= 500 && reply <= 599 && code != CURLE_LOGIN_DENIED ? WEIR_E_INVALID
                                                                      : WEIR_E_UNAVAILABLE;
}

static int
perform(CURL *curl, struct transfer *transfer, weir_error *err)
{
    CURLcode code = curl_easy_perform(curl);
    long reply = 0;

    if (code == CURLE_OK) {
        return 0;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);

    const char *detail = transfer->detail[0] != '\0' ? transfer->detail : curl_easy_strerror(code);

    if (reply >= 400) {
        return weir_error_set(err, classify(code, reply), "mail server answered %ld (%s)", reply,
                              detail);
    }
    return weir_error_set(err, classify(code, reply), "mail server: %s", detail);
}

int
smtp_send(const struct smtp_job *job, weir_error *err)
{
    struct transfer transfer = {.job = job};
    CURL *curl = curl_easy_init();
    struct curl_slist *to = curl_slist_append(NULL, job->to);
    int result = WEIR_E_NOMEM;

    if (curl == NULL || to == NULL) {
        weir_error_set(err, WEIR_E_NOMEM, NULL);
        goto out;
    }
    set_options(curl, &transfer, to);
    result = perform(curl, &transfer, err);

out:
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    return result;
}
