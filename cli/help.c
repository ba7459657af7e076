/* SPDX-License-Identifier: MIT */
/*
 * Everything is read from the list of commands: what is in there is found, listed and explained.
 */
#include <config.h>

#include "help.h"
#include "suggest.h"

#include <string.h>

enum {
    VERBS_SIZE = 200
};

const struct command *const commands[] = {
    &command_stats,
    &command_task_enqueue,
    &command_task_ls,
    &command_task_inspect,
    &command_task_run,
    &command_task_archive,
    &command_task_delete,
    &command_task_cancel,
    &command_task_reschedule,
    &command_task_update,
    &command_task_runall,
    &command_task_archiveall,
    &command_task_deleteall,
    &command_queue_ls,
    &command_queue_inspect,
    &command_queue_history,
    &command_queue_pause,
    &command_queue_resume,
    &command_queue_rm,
    &command_group_ls,
    &command_cron_ls,
    &command_cron_history,
    &command_server_ls,
    &command_version,
    NULL,
};

static bool
is_one_of(const char *words, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = strstr(words, word); at != NULL; at = strstr(at + 1, word)) {
        if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0')) {
            return true;
        }
    }
    return false;
}

static bool
is_verb(const struct command *command, const char *word)
{
    return strcmp(command->verb, word) == 0 ||
           (command->alias != NULL && is_one_of(command->alias, word));
}

static bool
is_noun(const char *word)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->noun, word) == 0) {
            return true;
        }
    }
    return false;
}

static const struct command *
find(char *const *words, int count)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        const struct command *command = commands[i];
        if (strcmp(command->noun, words[0]) == 0 &&
            (command->verb == NULL || (count > 1 && is_verb(command, words[1])))) {
            return command;
        }
    }
    return NULL;
}

/* The command whose verb is `word`, or NULL: "weir enqueue" lacks its noun. */
static const struct command *
find_by_verb(const char *word)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (commands[i]->verb != NULL && is_verb(commands[i], word)) {
            return commands[i];
        }
    }
    return NULL;
}

static int
unknown_noun(const char *word, weir_error *err)
{
    const struct command *command = find_by_verb(word);
    struct suggestion best = {0};

    if (command != NULL) {
        return weir_error_set(err, WEIR_E_INVALID,
                              "unknown command \"%.100s\" (did you mean %s %s?)", word,
                              command->noun, command->verb);
    }
    for (size_t i = 0; commands[i] != NULL; i++) {
        suggest_consider(&best, commands[i]->noun, word, strlen(word));
    }
    if (best.name == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "unknown command \"%.100s\"", word);
    }
    return weir_error_set(err, WEIR_E_INVALID, "unknown command \"%.100s\" (did you mean %s?)",
                          word, best.name);
}

static void
list_verbs(const char *noun, char *dst, size_t size)
{
    size_t len = 0;

    dst[0] = '\0';
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->noun, noun) == 0 && len < size) {
            len += (size_t)snprintf(dst + len, size - len, "%s%s", len > 0 ? ", " : "",
                                    commands[i]->verb);
        }
    }
}

static int
unknown_verb(const char *noun, const char *word, weir_error *err)
{
    struct suggestion best = {0};
    char verbs[VERBS_SIZE];

    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->noun, noun) == 0) {
            suggest_consider(&best, commands[i]->verb, word, strlen(word));
        }
    }
    if (best.name == NULL) {
        list_verbs(noun, verbs, sizeof verbs);
        return weir_error_set(err, WEIR_E_INVALID, "unknown command \"%s %.100s\" (there are %s)",
                              noun, word, verbs);
    }
    return weir_error_set(err, WEIR_E_INVALID,
                          "unknown command \"%s %.100s\" (did you mean %s %s?)", noun, word, noun,
                          best.name);
}

static int
missing_verb(const char *noun, weir_error *err)
{
    char verbs[VERBS_SIZE];

    list_verbs(noun, verbs, sizeof verbs);
    return weir_error_set(err, WEIR_E_INVALID, "%s: what about it? (%s)", noun, verbs);
}

int
help_find(const struct command **command, int *used, char *const *words, int count, weir_error *err)
{
    *command = find(words, count);
    if (*command != NULL) {
        *used = (*command)->verb != NULL ? 2 : 1;
        return 0;
    }
    if (!is_noun(words[0])) {
        return unknown_noun(words[0], err);
    }
    return count > 1 ? unknown_verb(words[0], words[1], err) : missing_verb(words[0], err);
}

static void
print_list(FILE *out, const char *noun)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        const struct command *command = commands[i];
        char name[64];
        if (noun != NULL && strcmp(noun, command->noun) != 0) {
            continue;
        }
        snprintf(name, sizeof name, "%s %s", command->noun,
                 command->verb != NULL ? command->verb : "");
        fprintf(out, "  %-16s  %s\n", name, command->summary);
    }
}

static void
print_globals(FILE *out, const struct option_set *globals)
{
    fputs("\nglobal options:\n", out);
    options_print(out, globals->rows, globals->count);
}

void
help_command(FILE *out, const struct option_set *globals, const struct command *command)
{
    const char *verb = command->verb != NULL ? command->verb : "";

    fprintf(out, "usage: weir %s%s%s%s%s%s\n\n%s.\n", command->noun, verb[0] != '\0' ? " " : "",
            verb, command->row_count > 0 ? " [OPTION]..." : "",
            command->words[0] != '\0' ? " " : "", command->words, command->summary);
    if (command->row_count > 0) {
        fputs("\noptions:\n", out);
        options_print(out, command->rows, command->row_count);
    }
    if (command->alias != NULL) {
        fprintf(out, "\nother words for %s: %s\n", verb, command->alias);
    }
    print_globals(out, globals);
    if (command->details != NULL) {
        fprintf(out, "\n%s\n", command->details);
    }
}

int
help_print(FILE *out, const struct option_set *globals, char *const *words, int count,
           weir_error *err)
{
    const struct command *command;
    int used;

    if (count > 0 && (find(words, count) != NULL || count > 1 || !is_noun(words[0]))) {
        int rc = help_find(&command, &used, words, count, err);
        if (rc == 0) {
            help_command(out, globals, command);
        }
        return rc;
    }
    fprintf(out, "usage: weir [OPTION]... %s%sCOMMAND [ARGUMENT]...\n\ncommands:\n",
            count > 0 ? words[0] : "", count > 0 ? " " : "");
    print_list(out, count > 0 ? words[0] : NULL);
    print_globals(out, globals);
    fputs(
        "\nThe broker is --broker, else WEIR_BROKER, else that of the configuration file, else a SQLite\n"
        "file in your data folder. Exit status: 0 done, 1 failed, 2 wrong usage.\n"
        "'weir help COMMAND' tells more about one command. See weir(1).\n",
        out);
    return 0;
}
