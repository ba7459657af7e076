/* SPDX-License-Identifier: MIT */
/*
 * weir: looks for the command, parses its options together with the global ones, and runs it. Global options may
 * stand before or after the command's words.
 */
#include <config.h>

#include "command.h"
#include "help.h"
#include "report.h"
#include "where.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <weir/version.h>

enum {
    EXIT_USAGE = 2
};

static const struct option_row global_rows[] = {
    {"broker", 'b', OPTION_TEXT, offsetof(struct session, broker_option), "URL",
     "where the queues are (sqlite:PATH, redis://HOST)", NULL},
    {"backend", 0, OPTION_CALL, 0, "FILE.so",
     "load a kind of broker from a shared object; repeatable", where_load_backend},
    {"config", 'c', OPTION_TEXT, offsetof(struct session, config_path), "FILE",
     "configuration file, see weir.json(5); else WEIR_CONFIG", NULL},
    {"json", 'j', OPTION_FLAG, offsetof(struct session, json), NULL, "print JSON", NULL},
    {"help", 'h', OPTION_FLAG, offsetof(struct session, help), NULL, "print help and exit", NULL},
    {"version", 'V', OPTION_FLAG, offsetof(struct session, version), NULL,
     "print the version and exit", NULL},
};

static int
check_words(const struct command *command, int count, char *const *words, weir_error *err)
{
    if (count < command->min_words) {
        return weir_error_set(err, WEIR_E_INVALID, "%s is missing", command->words);
    }
    if (command->max_words >= 0 && count > command->max_words) {
        return weir_error_set(err, WEIR_E_INVALID, "unexpected argument \"%.100s\"",
                              words[command->max_words]);
    }
    return 0;
}

/* Parses what follows the command's name and runs it. argv[0] is the last word of the name. */
static int
run_command(const struct command *command, struct option_set *globals, int argc, char **argv,
            weir_error *err)
{
    struct session *session = globals->into;
    int first;

    session->command = command;
    void *options = calloc(1, command->options_size + 1);
    if (options == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    struct option_set sets[] = {{command->rows, command->row_count, options}, *globals};
    int rc = options_parse(sets, 2, argc, argv, false, &first, err);
    if (rc == 0 && session->help) {
        help_command(stdout, globals, command);
        goto out;
    }
    if (rc == 0) {
        rc = check_words(command, argc - first, argv + first, err);
    }
    if (rc == 0) {
        rc = command->run(session, options, argv + first, argc - first, err);
    }
out:
    free(options);
    return rc;
}

static int
run(struct option_set *globals, int argc, char **argv, weir_error *err)
{
    struct session *session = globals->into;
    const struct command *command;
    int first, used;

    int rc = options_parse(globals, 1, argc, argv, true, &first, err);
    if (rc != 0) {
        return rc;
    }
    argc -= first;
    argv += first;
    if (session->version) {
        printf("weir %s\n", weir_version());
        return 0;
    }
    if (argc > 0 && strcmp(argv[0], "help") == 0) {
        return help_print(stdout, globals, argv + 1, argc - 1, err);
    }
    if (argc == 0 && !session->help) {
        if (!session->json) {
            help_print(stderr, globals, NULL, 0, err);
        }
        return weir_error_set(err, WEIR_E_INVALID, "no command given");
    }
    if (session->help ||
        (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))) {
        return help_print(stdout, globals, argv, session->help ? argc : 1, err);
    }
    rc = help_find(&command, &used, argv, argc, err);
    return rc != 0 ? rc : run_command(command, globals, argc - used + 1, argv + used - 1, err);
}

/* Output that could not be written is a failure, but for a reader that had enough. */
static int
flush_output(const struct session *session)
{
    weir_error why = {0};

    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return EXIT_SUCCESS;
    }
    if (errno != EPIPE) {
        weir_error_set(&why, WEIR_E_IO, "cannot write the output: %s", strerror(errno));
        report_error(session, why.code, &why);
    }
    return EXIT_FAILURE;
}

static int
exit_status(const struct session *session, int rc)
{
    int flushed = flush_output(session);

    if (rc == 0) {
        return flushed;
    }
    bool misused = rc == WEIR_E_INVALID || rc == WEIR_E_TOO_BIG || rc == WEIR_E_URL ||
                   rc == WEIR_E_CONFIG;
    return misused ? EXIT_USAGE : EXIT_FAILURE;
}

/* Also where the command line is wrong before the option is reached. */
static bool
wants_json(int argc, char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "-j") == 0) {
            return true;
        }
    }
    return false;
}

static void
point_at_help(const struct command *command)
{
    fputs("Try 'weir help", stderr);
    if (command != NULL) {
        fprintf(stderr, " %s%s%s", command->noun, command->verb != NULL ? " " : "",
                command->verb != NULL ? command->verb : "");
    }
    fputs("'.\n", stderr);
}

static void
tell(struct session *session, int rc, const weir_error *err, int argc, char *const *argv)
{
    session->json = session->json || wants_json(argc, argv);
    report_error(session, rc, err);
    if (rc == WEIR_E_INVALID && !session->json && !session->is_unconfirmed) {
        point_at_help(session->command);
    }
}

int
main(int argc, char **argv)
{
    struct session session = {0};
    struct option_set globals = {global_rows, sizeof global_rows / sizeof global_rows[0], &session};
    weir_error err = {0};

    signal(SIGPIPE, SIG_IGN);
    int rc = run(&globals, argc, argv, &err);
    if (rc < 0) {
        tell(&session, rc, &err, argc, argv);
    }
    int status = exit_status(&session, rc);
    session_close(&session);
    return status;
}
