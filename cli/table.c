/* SPDX-License-Identifier: MIT */
/*
 * Widths are counted in terminal columns: one for a character, two for the wide ones of East Asian scripts and
 * emoji, none for combining marks. The ranges are coarse; a terminal that disagrees shows a column that is off by one.
 */
#include <config.h>

#include "table.h"

#include "text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <weir/error.h>

enum {
    GAP = 2,
    MAX_COLUMNS = 24,
    MAX_CELL = 512, /* bytes of a cell that are looked at */
    MIN_CUT = 8,    /* columns that are left of a cut cell at least */
    FILE_CUT = 60   /* columns of a cell that may be cut, where there is no terminal to fit */
};

static uint32_t
code_of(const char *s, size_t n)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (unsigned char)s[0] & masks[n];

    for (size_t i = 1; i < n; i++) {
        code = code << 6 | ((unsigned char)s[i] & 0x3F);
    }
    return code;
}

static const struct {
    uint32_t first, last;
    size_t width;
} ranges[] = {
    {0x0300, 0x036F, 0},   {0x200B, 0x200F, 0},   {0x20D0, 0x20FF, 0}, {0xFE00, 0xFE0F, 0},
    {0x1100, 0x115F, 2},   {0x2E80, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2}, {0xF900, 0xFAFF, 2},
    {0xFE30, 0xFE6F, 2},   {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2}, {0x1F300, 0x1F64F, 2},
    {0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2},
};

static size_t
char_width(const char *s, size_t n)
{
    uint32_t code = code_of(s, n);

    for (size_t i = 0; code >= 0x300 && i < sizeof ranges / sizeof ranges[0]; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return ranges[i].width;
        }
    }
    return 1;
}

/* Returns the width of the text and puts the length of what fits into `max` columns into *fits. */
static size_t
measure(const char *text, size_t max, size_t *fits)
{
    size_t width = 0, len = strlen(text), i = 0;

    *fits = 0;
    while (i < len) {
        size_t n = text_char_len(text + i, len - i);
        n = n > 0 ? n : 1;
        width += char_width(text + i, n);
        i += n;
        if (width <= max) {
            *fits = i;
        }
    }
    return width;
}

static size_t
width_of(const char *text)
{
    size_t fits;

    return measure(text, SIZE_MAX, &fits);
}

void
table_init(struct table *table, const struct table_column *columns, size_t count)
{
    *table = (struct table){.columns = columns, .column_count = count};
}

void
table_bytes(struct table *table, const void *data, size_t len)
{
    if (table->cell_count == table->size) {
        size_t size = table->size == 0 ? 64 : 2 * table->size;
        char **more = realloc(table->cells, size * sizeof *more);
        if (more == NULL) {
            table->failed = true;
            return;
        }
        table->cells = more;
        table->size = size;
    }
    char *cell = text_shown(data, len, MAX_CELL);
    table->failed = table->failed || cell == NULL;
    table->cells[table->cell_count++] = cell;
}

void
table_text(struct table *table, const char *text)
{
    text = text != NULL && text[0] != '\0' ? text : "-";
    table_bytes(table, text, strlen(text));
}

void
table_number(struct table *table, long long number)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", number);
    table_text(table, text);
}

bool
table_has_colour(FILE *out)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(fileno(out)) && (no_color == NULL || no_color[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

/* Returns the width of the terminal, or 0 when it is none. */
static size_t
terminal_width(FILE *out)
{
    struct winsize size = {0};

    if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) != 0) {
        return 0;
    }
    return size.ws_col;
}

static void
find_widths(const struct table *table, size_t *widths)
{
    for (size_t c = 0; c < table->column_count; c++) {
        widths[c] = width_of(table->columns[c].head);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t width = width_of(table->cells[i]);
        size_t *widest = &widths[i % table->column_count];
        *widest = width > *widest ? width : *widest;
    }
}

static void
cut_long(const struct table *table, size_t *widths)
{
    for (size_t c = 0; c < table->column_count; c++) {
        if (table->columns[c].cut && widths[c] > FILE_CUT) {
            widths[c] = FILE_CUT;
        }
    }
}

/* Takes from the widest column that may be cut until a line fits. */
static void
fit(const struct table *table, size_t *widths, size_t terminal)
{
    size_t total = 0;

    for (size_t c = 0; c < table->column_count; c++) {
        total += widths[c] + (c > 0 ? GAP : 0);
    }
    while (terminal > 0 && total > terminal) {
        size_t widest = SIZE_MAX;
        for (size_t c = 0; c < table->column_count; c++) {
            bool wider = widest == SIZE_MAX || widths[c] > widths[widest];
            if (table->columns[c].cut && widths[c] > MIN_CUT && wider) {
                widest = c;
            }
        }
        if (widest == SIZE_MAX) {
            return;
        }
        widths[widest]--;
        total--;
    }
}

static void
print_cell(FILE *out, const char *text, size_t width, bool right, bool last)
{
    size_t fits;
    size_t own = measure(text, width, &fits);
    size_t space = own < width ? width - own : 0;

    if (right) {
        fprintf(out, "%*s", (int)space, "");
    }
    if (own <= width) {
        fputs(text, out);
    } else {
        measure(text, width - 1, &fits);
        fprintf(out, "%.*s…", (int)fits, text);
    }
    if (!last) {
        fprintf(out, "%*s", (int)((right ? 0 : space) + GAP), "");
    }
}

static void
print_all(const struct table *table, FILE *out, const size_t *widths)
{
    bool bold = table_has_colour(out);
    size_t n = table->column_count;

    fputs(bold ? "\033[1m" : "", out);
    for (size_t c = 0; c < n; c++) {
        print_cell(out, table->columns[c].head, widths[c], table->columns[c].right, c + 1 == n);
    }
    fputs(bold ? "\033[0m\n" : "\n", out);
    for (size_t i = 0; i + n <= table->cell_count; i += n) {
        for (size_t c = 0; c < n; c++) {
            print_cell(out, table->cells[i + c], widths[c], table->columns[c].right, c + 1 == n);
        }
        fputc('\n', out);
    }
}

int
table_print(struct table *table, FILE *out)
{
    size_t widths[MAX_COLUMNS];
    size_t terminal = terminal_width(out);
    int rc = table->failed || table->column_count > MAX_COLUMNS ? WEIR_E_NOMEM : 0;

    if (rc == 0) {
        find_widths(table, widths);
        if (terminal == 0) {
            cut_long(table, widths);
        }
        fit(table, widths, terminal);
        print_all(table, out, widths);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    table->cells = NULL;
    return rc;
}
