/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite: conformance [--backend FILE.so] [--list] [--filter TEXT] [--version] [--help] URL
 *
 * Installed as weir-conformance. URL names a fresh place (see place.h): `sqlite:FOLDER`, `sqlite::memory:`, or a URL of
 * a backend from outside. Every backend must pass every case but
 * those whose capability it lacks, which are reported as skipped. --filter runs the cases whose name, or
 * whose theme's name, contains the text.
 */
#include <config.h>

#include "child.h"
#include "kit.h"
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <weir/version.h>

#define SUITE(name) extern const struct harness_suite suite_##name;
#include "suites.def"
#undef SUITE

static const struct harness_suite *const themes[] = {
#define SUITE(name) &suite_##name,
#include "suites.def"
#undef SUITE
};

#define THEMES (sizeof(themes) / sizeof(themes[0]))
#define CASES_MAX 64 /* of a theme */
#define NAME_SIZE 160

static struct harness_suite selected[THEMES];
static const struct harness_suite *list[THEMES + 1];
static CU_TestInfo tests[THEMES][CASES_MAX + 1];
static char names[THEMES][CASES_MAX][NAME_SIZE];

/* a_case_is_a_sentence -> a case is a sentence */
static void
as_sentence(char *to, const char *from)
{
    size_t i = 0;

    for (; from[i] != '\0' && i < NAME_SIZE - 1; i++)
        to[i] = from[i];
    to[i] = '\0';
    for (i = 0; to[i] != '\0'; i++) {
        if (to[i] == '_')
            to[i] = ' ';
    }
}

static size_t
select_cases(size_t theme, const char *filter)
{
    const CU_TestInfo *from = themes[theme]->tests;
    size_t count = 0;

    for (; from->pName != NULL && count < CASES_MAX; from++) {
        char *name = names[theme][count];

        as_sentence(name, from->pName);
        if (filter != NULL && strstr(name, filter) == NULL &&
            strstr(themes[theme]->name, filter) == NULL)
            continue;
        tests[theme][count++] = (CU_TestInfo){name, from->pTestFunc};
    }
    selected[theme] = *themes[theme];
    selected[theme].tests = tests[theme];
    return count;
}

static size_t
select_all(const char *filter)
{
    size_t count = 0;
    size_t next = 0;

    for (size_t theme = 0; theme < THEMES; theme++) {
        size_t some = select_cases(theme, filter);

        if (some > 0)
            list[next++] = &selected[theme];
        count += some;
    }
    return count;
}

static int
print_list(void)
{
    for (const struct harness_suite **suite = list; *suite != NULL; suite++) {
        for (const CU_TestInfo *test = (*suite)->tests; test->pName != NULL; test++)
            printf("%s: %s\n", (*suite)->name, test->pName);
    }
    return 0;
}

static const char usage[] =
    "usage: weir-conformance [--backend FILE.so] [--list] [--filter TEXT] URL\n";

static int
refuse(const char *why, const char *word)
{
    fprintf(stderr, "weir-conformance: %s%s\n%s", why, word, usage);
    return 2;
}

static int
print_help(void)
{
    printf("%s\n"
           "Checks a backend for weir: runs every case of the contract against a fresh place.\n\n"
           "  --backend FILE.so  load a kind of broker from a shared object; repeatable\n"
           "  --filter TEXT      only the cases whose name or theme contains the text\n"
           "  --list             print the cases and exit\n"
           "  --version          print the version and exit\n"
           "  --help             print this and exit\n",
           usage);
    return 0;
}

static int
print_version(void)
{
    printf("weir-conformance %s\n", weir_version());
    return 0;
}

/* The environment tells second processes of it. */
static void
load_backend(const char *path)
{
    weir_error err = {0};

    if (weir_backend_load(path, &err) != 0) {
        fprintf(stderr, "weir-conformance: %s\n", err.text);
        exit(2);
    }
    setenv("WEIR_CONFORMANCE_BACKEND", path, 1);
}

int
main(int argc, char **argv)
{
    char *only_program[] = {argv[0], NULL};
    const char *filter = NULL;
    bool listing = false;
    int failed;
    int i = 1;

    if (getenv("WEIR_CONFORMANCE_BACKEND") != NULL)
        load_backend(getenv("WEIR_CONFORMANCE_BACKEND"));
    if (argc > 1 && strcmp(argv[1], "--child") == 0)
        return child_main(argc - 2, argv + 2);
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--list") == 0)
            listing = true;
        else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
            filter = argv[++i];
        else if (strcmp(argv[i], "--backend") == 0 && i + 1 < argc)
            load_backend(argv[++i]);
        else if (strcmp(argv[i], "--help") == 0)
            return print_help();
        else if (strcmp(argv[i], "--version") == 0)
            return print_version();
        else if (strcmp(argv[i], "--filter") == 0 || strcmp(argv[i], "--backend") == 0)
            return refuse("this option needs a value: ", argv[i]);
        else
            return refuse("unknown option ", argv[i]);
    }
    if (select_all(filter) == 0) {
        fprintf(stderr, "weir-conformance: no case contains \"%s\"\n", filter);
        return 2;
    }
    if (listing)
        return print_list();
    if (i == argc)
        return refuse("URL is missing", "");
    if (i + 1 < argc)
        return refuse("unexpected argument ", argv[i + 1]);
    if (place_set(argv[i]) != 0)
        return 2;
    failed = harness_main(1, only_program, list);
    place_leave();
    return failed;
}
