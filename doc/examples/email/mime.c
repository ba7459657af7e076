/* SPDX-License-Identifier: MIT */
/*
 * The headers, one function for each kind of value: an address must be one (nothing else is let
 * through), a name or subject is written plainly only where it is short and plain, and as encoded-words in every
 * other case. To add a header, add a line to put_headers().
 */
#include "mime.h"

#include "encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ADDRESS_MAX 254
#define PLAIN_MAX 60 /* longer names and subjects are encoded, which also folds them */

static const char letters_digits[] = "0123456789"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "abcdefghijklmnopqrstuvwxyz";

static bool
is_alnum(char c)
{
    return c != '\0' && strchr(letters_digits, c) != NULL;
}

/* What RFC 5322 calls atext. */
static bool
is_atext(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_host_char(char c)
{
    return is_alnum(c) || c == '-';
}

/* Runs of allowed characters with single dots between them. */
static bool
is_dotted(const char *s, size_t len, bool (*is_allowed)(char))
{
    bool is_after_dot = true;

    for (size_t i = 0; i < len; i++) {
        if (s[i] == '.' ? is_after_dot : !is_allowed(s[i])) {
            return false;
        }
        is_after_dot = s[i] == '.';
    }
    return !is_after_dot;
}

bool
mime_is_address(const char *address)
{
    const char *at = strchr(address, '@');

    if (at == NULL || strlen(address) > ADDRESS_MAX) {
        return false;
    }
    return is_dotted(address, (size_t)(at - address), is_atext) &&
           is_dotted(at + 1, strlen(at + 1), is_host_char);
}

/* Appends text with everything but letters, digits, '-' and '_' as "=XX". */
static bool
append_escaped(char *key, size_t *len, const char *text)
{
    for (; *text != '\0'; text++) {
        bool is_plain = is_alnum(*text) || *text == '-' || *text == '_';
        size_t need = is_plain ? 1 : 3;

        if (*len + need >= MIME_KEY_SIZE) {
            return false;
        }
        *len +=
            (size_t)snprintf(key + *len, need + 1, is_plain ? "%c" : "=%02X", (unsigned char)*text);
    }
    return true;
}

int
mime_key(char key[MIME_KEY_SIZE], const char *queue, const char *id, weir_error *err)
{
    size_t len = 0;

    if (!append_escaped(key, &len, id) || len + 1 >= MIME_KEY_SIZE) {
        return weir_error_set(err, WEIR_E_INVALID, "task id is too long to name a message");
    }
    key[len++] = '.';
    if (!append_escaped(key, &len, queue)) {
        return weir_error_set(err, WEIR_E_INVALID, "queue name is too long to name a message");
    }
    return 0;
}

static bool
is_printable_ascii(const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s < ' ' || *s > '~') {
            return false;
        }
    }
    return true;
}

/* Atoms with single blanks between them: what a display name may be without quotes. */
static bool
is_plain_name(const char *s)
{
    bool is_after_blank = true;

    for (; *s != '\0'; s++) {
        if (*s == ' ' ? is_after_blank : !is_atext(*s)) {
            return false;
        }
        is_after_blank = *s == ' ';
    }
    return !is_after_blank;
}

/* Subject: text that looks like an encoded-word must be encoded itself, to come out as it went in. */
static void
put_text(FILE *out, const char *name, const char *text, const char *eol)
{
    bool is_plain = is_printable_ascii(text) && strlen(text) <= PLAIN_MAX &&
                    strstr(text, "=?") == NULL && text[0] != ' ';

    fprintf(out, "%s: ", name);
    if (is_plain) {
        fputs(text, out);
    } else {
        encode_words(out, text, strlen(name) + 2, eol);
    }
    fputs(eol, out);
}

static size_t
put_quoted(FILE *out, const char *text)
{
    size_t columns = 2;

    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', out);
            columns++;
        }
        fputc(*text, out);
        columns++;
    }
    fputc('"', out);
    return columns;
}

static void
put_mailbox(FILE *out, const char *header, const char *name, const char *address, const char *eol)
{
    size_t column = strlen(header) + 2;
    bool is_short = strlen(name) <= PLAIN_MAX && strstr(name, "=?") == NULL;

    fprintf(out, "%s: ", header);
    if (name[0] == '\0') {
        fprintf(out, "%s%s", address, eol);
        return;
    }
    if (is_short && is_plain_name(name)) {
        column += strlen(name);
        fputs(name, out);
    } else if (is_short && is_printable_ascii(name)) {
        column += put_quoted(out, name);
    } else {
        column = encode_words(out, name, column, eol);
    }
    fprintf(out, "%s <%s>%s", column + strlen(address) + 3 > 76 ? eol : "", address, eol);
}

/* Not strftime(): the names of days and months are English whatever the locale. */
static void
put_date(FILE *out, int64_t date_ms, const char *eol)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(date_ms / 1000);
    struct tm tm;

    if (gmtime_r(&seconds, &tm) == NULL) {
        return;
    }
    fprintf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000%s", days[tm.tm_wday], tm.tm_mday,
            months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, eol);
}

static void
put_headers(FILE *out, const struct mime_message *message, const char *eol)
{
    put_date(out, message->date_ms, eol);
    put_mailbox(out, "From", message->from_name, message->from_address, eol);
    put_mailbox(out, "To", message->to_name, message->to_address, eol);
    put_text(out, "Subject", message->subject, eol);
    fprintf(out, "Message-ID: <%s%s>%s", message->key, strchr(message->from_address, '@'), eol);
    fprintf(out, "Auto-Submitted: auto-generated%s", eol);
    fprintf(out, "MIME-Version: 1.0%s", eol);
    fprintf(out, "Content-Type: text/plain; charset=UTF-8%s", eol);
    fprintf(out, "Content-Transfer-Encoding: quoted-printable%s", eol);
}

int
mime_render(const struct mime_message *message, const char *eol, char **text, size_t *len,
            weir_error *err)
{
    *text = NULL;
    if (!mime_is_address(message->from_address)) {
        return weir_error_set(err, WEIR_E_INVALID, "sender's address is not valid");
    }
    if (!mime_is_address(message->to_address)) {
        return weir_error_set(err, WEIR_E_INVALID, "recipient's address is not valid");
    }

    FILE *out = open_memstream(text, len);

    if (out == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    put_headers(out, message, eol);
    fputs(eol, out);
    encode_quoted_printable(out, message->body, eol);

    bool is_broken = ferror(out) != 0;

    if (fclose(out) != 0 || is_broken) {
        free(*text);
        *text = NULL;
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    return 0;
}
