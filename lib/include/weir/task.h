/* SPDX-License-Identifier: MIT */
/*
 * Tasks: what a client asks for (weir_task) and what a broker holds (weir_task_info).
 *
 * A weir_task is filled by the application, where zero always means the default; a meaningful zero
 * has a name of its own (WEIR_NO_RETRY, WEIR_NO_TIMEOUT, ...). A weir_task_info is made by the
 * library and only read by applications, so that it can grow.
 */
#ifndef WEIR_TASK_H
#define WEIR_TASK_H

#include <weir/api.h>
#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WEIR_BEGIN_DECLS

/*   name         value  text (asynq's word) */
#define WEIR_STATE_MAP(X)                                                                          \
    X(SCHEDULED, 1, "scheduled")     /* waits for its time */                                      \
    X(AGGREGATING, 2, "aggregating") /* waits in a group */                                        \
    X(PENDING, 3, "pending")         /* waits for a worker */                                      \
    X(ACTIVE, 4, "active")           /* held by a server under a lease */                          \
    X(RETRY, 5, "retry")             /* failed, waits for its next attempt */                      \
    X(ARCHIVED, 6, "archived")       /* failed for good, kept for people to look at */             \
    X(COMPLETED, 7, "completed")     /* succeeded, kept for its retention */

typedef enum weir_state {
    WEIR_STATE_NONE = 0, /* the task is in no queue */
#define WEIR_STATE_ENUM(name, value, text) WEIR_STATE_##name = (value),
    WEIR_STATE_MAP(WEIR_STATE_ENUM)
#undef WEIR_STATE_ENUM
} weir_state;

/* Returns the word for a state ("pending"), or "none". Static. Any thread. Since 0.1. */
WEIR_API const char *weir_state_name(weir_state state);

/* Returns the state a word names, or WEIR_STATE_NONE. Any thread. Since 0.1. */
WEIR_API weir_state weir_state_parse(const char *name);

/* Limits of what is enqueued; tasks of other programs that go beyond them are still read. */
#define WEIR_NAME_MAX 255                     /* bytes of a type, queue, group or header name */
#define WEIR_ID_MAX 255                       /* bytes of a task id */
#define WEIR_ID_SIZE 256                      /* the same with its NUL */
#define WEIR_PAYLOAD_MAX (256u * 1024 * 1024) /* bytes of a payload or result */
#define WEIR_HEADER_MAX 256                   /* headers of a task */

#define WEIR_DEFAULT_QUEUE "default"
#define WEIR_DEFAULT_MAX_RETRY 25
#define WEIR_DEFAULT_TIMEOUT_MS (30 * 60 * 1000)

#define WEIR_NO_RETRY (-1)     /* for max_retry: archive at the first failure */
#define WEIR_NO_TIMEOUT (-1)   /* for timeout_ms: the handler may run for ever */
#define WEIR_NO_RETENTION (-1) /* for retention_ms: gone once it succeeded */

/* A header: text that travels with the task beside its payload (trace context, tenant). UTF-8. */
typedef struct weir_header {
    const char *name;
    const char *value;
} weir_header;

/*
 * A task to enqueue. The library copies what it needs before the call returns. Strings are
 * NUL-terminated UTF-8. Fill it with designated initializers: what is not named is zero, which
 * means the default; `reserved` must be zero. Since 0.1.
 */
typedef struct weir_task {
    const char *type;      /* what kind of task it is ("email:deliver"); required */
    const void *payload;   /* any bytes; NULL (no payload) differs from an empty one */
    size_t payload_len;    /* bytes */
    const char *queue;     /* NULL: "default". No '{', '}', blanks or control characters */
    const char *id;        /* unique in its queue; NULL: a new UUID v7 */
    int64_t process_at_ms; /* not before this time, ms since 1970; 0: at once */
    int64_t process_in_ms; /* not before this much time from now; only without process_at_ms */
    int max_retry;         /* 0: 25; WEIR_NO_RETRY: none */
    int64_t timeout_ms;    /* of one attempt; 0: 30 min, or none with a deadline */
    int64_t deadline_ms;   /* time after which it is not run any more, ms since 1970; 0: none */
    int64_t retention_ms;  /* how long to keep it once it succeeded; 0: not at all */
    /* How long to keep it once archived, shorter or longer than the servers' archive_age_ms; 0: for that. */
    int64_t archive_for_ms;
    int64_t unique_ms; /* refuse another task of the same type, payload and queue until this one
                                 succeeded, or for so long at most (>= 1000); 0: not unique */
    const char *group; /* wait in this group to be aggregated; NULL: no group */
    const weir_header *headers;
    size_t header_count;
    uint64_t reserved[8];
} weir_task;

/*
 * A task as a broker holds it. Made, owned and freed by the library; what hands one out says how
 * long it stays. Absent strings are NULL, absent times 0. Never allocate one yourself or copy it
 * by assignment: it grows at its end. Since 0.1.
 */
typedef struct weir_task_info {
    const char *id;
    const char *type;
    const char *queue;
    const void *payload; /* NULL: no payload (an empty one is not NULL) */
    size_t payload_len;
    weir_state state;
    int max_retry;               /* attempts after the first one */
    int retried;                 /* failed attempts so far */
    const char *last_error;      /* text of the last failure */
    int64_t last_failed_at_ms;   /* when that was */
    int64_t timeout_ms;          /* of one attempt; 0: none */
    int64_t deadline_ms;         /* ms since 1970; 0: none */
    int64_t retention_ms;        /* 0: deleted when it succeeds */
    int64_t next_process_at_ms;  /* scheduled, retry: due time; pending: 0 */
    int64_t pending_since_ms;    /* pending: since when */
    int64_t enqueued_at_ms;      /* 0 when the broker does not know */
    int64_t state_since_ms;      /* completed, archived, aggregating: since when */
    int64_t lease_expires_at_ms; /* active: wall-clock estimate; 0 when unknown */
    bool is_orphaned;            /* active, but its lease has ended */
    const char *unique_key;      /* full name of the uniqueness lock */
    const char *group;
    const weir_header *headers;
    size_t header_count;
    const void *result; /* written by the handler */
    size_t result_len;
    int64_t archive_for_ms; /* how long it is kept once archived; 0: for the archive's age */
} weir_task_info;

/*
 * Returns a copy in one block that ends with weir_task_info_free(), or NULL when memory ran out.
 * Any thread. Since 0.1.
 */
WEIR_API weir_task_info *weir_task_info_copy(const weir_task_info *info);

/* Frees a copy. NULL is allowed. Since 0.1. */
WEIR_API void weir_task_info_free(weir_task_info *info);

/* Returns the value of a header, or NULL. Owned by the task. Since 0.1. */
WEIR_API const char *weir_task_info_header(const weir_task_info *info, const char *name);

WEIR_END_DECLS

#endif
