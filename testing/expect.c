/* SPDX-License-Identifier: MIT */
/*
 * Looks at all tasks of the store and compares what is there with what was expected. A page is read before it is
 * compared: a match may have a function of the test's, which may ask the broker for more.
 */
#include <config.h>

#include "inspector.h"
#include "match.h"
#include "testing.h"

#include <stdlib.h>

enum {
    PAGE = 500,
    NAMED = 3 /* tasks in the text of an error */
};

/* What a search found. */
struct search {
    struct weir__matcher matcher;
    weir_task_list *matches;
    size_t total;
    weir_task_info *closest; /* of the others, a copy; NULL: there are none */
    size_t closest_misses;
};

static int
note(struct search *search, const weir_task_info *task)
{
    size_t misses = weir__matcher_misses(&search->matcher, task);

    search->total++;
    if (misses == 0) {
        return weir__task_list_add(search->matches, task);
    }
    if (search->closest == NULL || misses < search->closest_misses) {
        weir_task_info_free(search->closest);
        search->closest = weir_task_info_copy(task);
        search->closest_misses = misses;
        return search->closest != NULL ? 0 : WEIR_E_NOMEM;
    }
    return 0;
}

static int
search_page(weir_testing *testing, struct search *search, const char *queue, weir_state state,
            size_t page, bool *more, weir_error *err)
{
    weir_task_list *list = NULL;
    int code = weir_inspect_tasks(testing->inspector, queue, state, NULL, page, PAGE, &list, err);

    *more = code == 0 && list->more;
    for (size_t i = 0; code == 0 && i < list->count; i++) {
        code = note(search, list->items[i]);
    }
    weir_task_list_free(list);
    return code;
}

/* A backend without groups has no aggregating tasks to be asked for. */
static int
search_state(weir_testing *testing, struct search *search, const char *queue, weir_state state,
             weir_error *err)
{
    unsigned capabilities = weir__broker_capabilities(testing->broker);
    bool more = true;
    int code = 0;

    if (state == WEIR_STATE_AGGREGATING && (capabilities & WEIR_CAP_GROUPS) == 0) {
        return 0;
    }
    for (size_t page = 1; code == 0 && more; page++) {
        code = search_page(testing, search, queue, state, page, &more, err);
    }
    return code;
}

static void
search_release(struct search *search)
{
    weir__matcher_release(&search->matcher);
    weir_task_list_free(search->matches);
    weir_task_info_free(search->closest);
}

static int
search_all(weir_testing *testing, struct search *search, weir_error *err)
{
    weir_queue_list *queues = NULL;
    int code = weir_inspect_queues(testing->inspector, &queues, err);

    for (size_t i = 0; code == 0 && i < queues->count; i++) {
        for (weir_state state = WEIR_STATE_SCHEDULED; code == 0 && state <= WEIR_STATE_COMPLETED;
             state++) {
            code = search_state(testing, search, queues->items[i].name, state, err);
        }
    }
    weir_queue_list_free(queues);
    return code;
}

/* On success *search is to be released. */
static int
find(weir_testing *testing, const weir_match *match, struct search *search, weir_error *err)
{
    *search = (struct search){0};
    if (testing == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "there is no testing mode");
    }
    int code = weir__matcher_init(&search->matcher, match, weir_testing_now_ms(testing), err);
    if (code == 0) {
        search->matches = weir__task_list_new();
        code = search->matches != NULL ? search_all(testing, search, err) : WEIR_E_NOMEM;
    }
    if (code != 0) {
        search_release(search);
        return weir_error_set(err, code, NULL);
    }
    return 0;
}

int
weir_testing_list(weir_testing *testing, const weir_match *match, weir_task_list **list,
                  weir_error *err)
{
    struct search search;

    if (list == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "no place for a list");
    }
    *list = NULL;
    int code = find(testing, match, &search, err);
    if (code != 0) {
        return code;
    }
    *list = search.matches;
    search.matches = NULL;
    search_release(&search);
    return 0;
}

int
weir_testing_count(weir_testing *testing, const weir_match *match, size_t *count, weir_error *err)
{
    struct search search;

    if (count == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "no place for a count");
    }
    *count = 0;
    int code = find(testing, match, &search, err);
    if (code != 0) {
        return code;
    }
    *count = search.matches->count;
    search_release(&search);
    return 0;
}

/* ---- in words ---- */

static int
mismatch(struct weir__buf *buf, weir_error *err)
{
    int code = buf->failed ? weir_error_set(err, WEIR_E_NOMEM, NULL)
                           : weir_error_set(err, WEIR_E_MISMATCH, "%s", buf->data);

    weir__buf_release(buf);
    return code;
}

static void
put_closest(const struct search *search, struct weir__buf *buf)
{
    if (search->closest == NULL) {
        weir__buf_puts(buf, "; there are no tasks");
        return;
    }
    weir__buf_printf(buf, "; the closest of %zu: ", search->total);
    weir__match_show(search->closest, buf);
    weir__buf_puts(buf, ": ");
    weir__matcher_differences(&search->matcher, search->closest, buf);
}

static void
put_matches(const struct search *search, struct weir__buf *buf)
{
    const weir_task_list *matches = search->matches;

    for (size_t i = 0; i < matches->count && i < NAMED; i++) {
        weir__buf_puts(buf, i > 0 ? "; " : ": ");
        weir__match_show(matches->items[i], buf);
    }
    if (matches->count > NAMED) {
        weir__buf_printf(buf, "; and %zu more", matches->count - NAMED);
    }
}

static int
tell_missing(const struct search *search, weir_error *err)
{
    struct weir__buf buf = {0};

    weir__buf_puts(&buf, "no task with ");
    weir__matcher_wanted(&search->matcher, &buf);
    put_closest(search, &buf);
    return mismatch(&buf, err);
}

static int
tell_count(const struct search *search, size_t count, weir_error *err)
{
    struct weir__buf buf = {0};

    weir__buf_printf(&buf, "%zu instead of %zu tasks with ", search->matches->count, count);
    weir__matcher_wanted(&search->matcher, &buf);
    put_matches(search, &buf);
    if (search->matches->count < count) {
        put_closest(search, &buf);
    }
    return mismatch(&buf, err);
}

/* ---- expectations ---- */

int
weir_testing_expect(weir_testing *testing, const weir_match *match, weir_error *err)
{
    struct search search;
    int code = find(testing, match, &search, err);

    if (code != 0) {
        return code;
    }
    code = search.matches->count > 0 ? 0 : tell_missing(&search, err);
    search_release(&search);
    return code;
}

int
weir_testing_expect_count(weir_testing *testing, const weir_match *match, size_t count,
                          weir_error *err)
{
    struct search search;
    int code = find(testing, match, &search, err);

    if (code != 0) {
        return code;
    }
    code = search.matches->count == count ? 0 : tell_count(&search, count, err);
    search_release(&search);
    return code;
}

int
weir_testing_expect_none(weir_testing *testing, const weir_match *match, weir_error *err)
{
    return weir_testing_expect_count(testing, match, 0, err);
}
