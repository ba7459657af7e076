/* SPDX-License-Identifier: MIT */
/*
 * Repeats a call whose reply was lost. The request id makes that harmless: the store answers a request
 * that it knows with what it did then.
 *
 * What the items' results say has to survive the repetition: a second try that does not reach the
 * store says "not touched", but the first one may have touched. So results are merged: a true result stays, an
 * unknown one stays unknown until a reply tells.
 */
#ifndef WEIR_LIB_RESEND_H
#define WEIR_LIB_RESEND_H

#include "broker.h"

/* So often a call is repeated. */
#define WEIR__RESENDS 3

/* The results of a call's items: an int in each of `count` structs. */
struct weir__results {
    int *first;
    size_t stride; /* bytes from a result to the next */
    size_t count;
};

/* A call that can be repeated; it has up to two kinds of items. */
struct weir__resend {
    int (*send)(void *call, weir_error *err); /* one try; must drop what an earlier try gave */
    void *call;
    weir_request_id *request; /* is set before the first try */
    struct weir__results results[2];
};

/*
 * Makes the call under a new request id, and repeats it while its outcome is unknown, unless the backend's replies
 * are sure. Every result is set afterwards, as the contract says; returns 0 or the call's code, WEIR_E_UNKNOWN
 * while any item is not known.
 */
int weir__resend(weir_broker *broker, const struct weir__resend *resend, weir_error *err);

#endif
