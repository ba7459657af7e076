/* SPDX-License-Identifier: MIT */
/*
 * The page that processes share: see board.h. A futex lies on it; without futexes sleepers are woken by the time alone.
 */
#include <config.h>

#include "board.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <time.h>
#ifdef HAVE_LINUX_FUTEX_H
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

static void *
map(void *at, int flags, int fd)
{
    void *page = mmap(at, WEIR__BOARD_BYTES, PROT_READ | PROT_WRITE, flags, fd, 0);

    return page != MAP_FAILED ? page : NULL;
}

void
weir__board_init(struct weir__board *board)
{
    board->page = map(NULL, MAP_SHARED | MAP_ANONYMOUS, -1);
    atomic_init(&board->shared, false);
}

void
weir__board_release(struct weir__board *board)
{
    if (board->page != NULL)
        munmap(board->page, WEIR__BOARD_BYTES);
    board->page = NULL;
}

/* A file that cannot be mapped must not cost the page that is there: whether it can is tried elsewhere. */
void
weir__board_share(struct weir__board *board, int fd)
{
    void *trial = board->page != NULL ? map(NULL, MAP_SHARED, fd) : NULL;

    if (trial == NULL)
        return;
    munmap(trial, WEIR__BOARD_BYTES);
    if (map(board->page, MAP_SHARED | MAP_FIXED, fd) != NULL)
        atomic_store(&board->shared, true);
}

void
weir__board_unshare(struct weir__board *board)
{
    atomic_store(&board->shared, false);
}

static bool
sleep_only(int64_t us)
{
    const struct timespec room = {us / 1000000, us % 1000000 * 1000};

    nanosleep(&room, NULL);
    return false;
}

#if defined(HAVE_LINUX_FUTEX_H) && defined(SYS_futex)
/* The kernel's own struct of this call, whatever width time_t has. */
struct room {
    long s, ns;
};

/* Where there is no such call for us (a filter of system calls), time passes all the same: nobody spins. */
static bool
sleep_on(_Atomic uint32_t *word, uint32_t value, int64_t us)
{
    struct room room = {(long)(us / 1000000), (long)(us % 1000000 * 1000)};

    if (syscall(SYS_futex, word, FUTEX_WAIT, value, &room, NULL, 0) == 0 || errno == EAGAIN ||
        errno == EINTR)
        return true;
    return errno == ETIMEDOUT ? false : sleep_only(us);
}

static void
wake_one(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}
#else
static bool
sleep_on(_Atomic uint32_t *word, uint32_t value, int64_t us)
{
    (void)word;
    (void)value;
    return sleep_only(us);
}

static void
wake_one(_Atomic uint32_t *word)
{
    (void)word;
}
#endif

uint32_t
weir__board_turn(const struct weir__board *board)
{
    return board != NULL && board->page != NULL ? atomic_load(&board->page->turn) : 0;
}

bool
weir__board_await_turn(struct weir__board *board, uint32_t seen, int64_t us)
{
    uint32_t sleepers;
    bool woken;

    if (board == NULL || board->page == NULL)
        return sleep_only(us);
    atomic_fetch_add(&board->page->sleepers, 1);
    woken = sleep_on(&board->page->turn, seen, us);
    /* Another file may lie there by now, on which nobody was counted. */
    sleepers = atomic_load(&board->page->sleepers);
    while (sleepers > 0 &&
           !atomic_compare_exchange_weak(&board->page->sleepers, &sleepers, sleepers - 1)) {}
    return woken;
}

void
weir__board_pass_turn(struct weir__board *board)
{
    if (board->page == NULL)
        return;
    atomic_fetch_add(&board->page->turn, 1);
    if (atomic_load(&board->page->sleepers) != 0)
        wake_one(&board->page->turn);
}

/* ---- offers ---- */

bool
weir__board_is_shared(const struct weir__board *board)
{
    return board != NULL && board->page != NULL && atomic_load(&board->shared);
}

uint64_t
weir__board_key(const char *queue)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (; *queue != '\0'; queue++)
        hash = (hash ^ (unsigned char)*queue) * 1099511628211u;
    return hash != 0 ? hash : 1;
}

struct weir__board_queue *
weir__board_place(struct weir__board *board, uint64_t key, bool make)
{
    struct weir__board_queue *place;
    uint64_t found;
    size_t i;

    if (!weir__board_is_shared(board))
        return NULL;
    for (i = 0; i < WEIR__BOARD_QUEUES; i++) {
        place = &board->page->queues[(key + i) % WEIR__BOARD_QUEUES];
        found = 0;
        if (make)
            atomic_compare_exchange_strong(&place->key, &found, key);
        else
            found = atomic_load(&place->key);
        if (found == key || (make && found == 0))
            return place;
        if (found == 0)
            return NULL;
    }
    return NULL;
}

static void
raise_to(_Atomic uint64_t *number, uint64_t to)
{
    uint64_t now = atomic_load(number);

    while (to > now && !atomic_compare_exchange_weak(number, &now, to)) {}
}

void
weir__board_offer(struct weir__board_queue *place, uint32_t tasks, bool own)
{
    if (own)
        atomic_fetch_add(&place->claimed, 1);
    atomic_fetch_add(&place->offered, tasks);
}

bool
weir__board_claim(struct weir__board_queue *place)
{
    uint64_t claimed = atomic_load(&place->claimed);

    while (atomic_load(&place->offered) > claimed) {
        if (atomic_compare_exchange_weak(&place->claimed, &claimed, claimed + 1))
            return true;
    }
    return false;
}

/* Another file may lie there meanwhile, on which less was offered. */
void
weir__board_drain(struct weir__board *board, uint64_t key, uint64_t offered)
{
    struct weir__board_queue *place = weir__board_place(board, key, false);

    if (place == NULL || offered > atomic_load(&place->offered))
        return;
    raise_to(&place->drained, offered);
    raise_to(&place->claimed, offered);
}

bool
weir__board_is_drained(const struct weir__board_queue *place)
{
    return place == NULL || atomic_load(&place->offered) <= atomic_load(&place->drained);
}

void
weir__board_tell(struct weir__board *board, bool everybody)
{
    if (board->page == NULL)
        return;
    if (everybody)
        atomic_fetch_add(&board->page->all, 1);
    atomic_fetch_add(&board->page->told, 1);
}

struct weir__board_news
weir__board_news(const struct weir__board *board)
{
    return (struct weir__board_news){
        .told = atomic_load(&board->page->told),
        .all = atomic_load(&board->page->all),
    };
}
