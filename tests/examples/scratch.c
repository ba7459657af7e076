/* SPDX-License-Identifier: MIT */
/* The folder is under TMPDIR; its name is kept from setup to teardown. */
#include <config.h>

#include "scratch.h"

#include "harness.h"

#include <dirent.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[256];

void
scratch_setup(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(folder, sizeof(folder), "%s/weir-examples-XXXXXX", tmp != NULL ? tmp : "/tmp");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

void
scratch_teardown(void)
{
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
scratch_path(const char *name)
{
    static _Thread_local char paths[8][512];
    static _Thread_local size_t next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

size_t
scratch_count(const char *name)
{
    DIR *dir = opendir(scratch_path(name));
    size_t count = 0;
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

static int
take_number(void *arg, int columns, char **values, char **names)
{
    (void)columns, (void)names;
    *(long long *)arg = values[0] == NULL ? -1 : atoll(values[0]);
    return 0;
}

long long
scratch_sql(const char *database, const char *sql)
{
    sqlite3 *db = NULL;
    long long number = -1;

    CU_ASSERT_FATAL(sqlite3_open(scratch_path(database), &db) == SQLITE_OK);
    CU_ASSERT_FATAL(sqlite3_exec(db, sql, take_number, &number, NULL) == SQLITE_OK);
    sqlite3_close(db);
    return number;
}

void
scratch_sql_file(const char *database, const char *source)
{
    const char *top = getenv("abs_top_srcdir");
    char path[1024], sql[8192];

    snprintf(path, sizeof(path), "%s/%s", top != NULL ? top : ".", source);

    FILE *file = fopen(path, "r");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);

    size_t len = fread(sql, 1, sizeof(sql) - 1, file);

    fclose(file);
    sql[len] = '\0';
    scratch_sql(database, sql);
}
