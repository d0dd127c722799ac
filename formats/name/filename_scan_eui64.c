/*
 * The sender's EUI-64 in a name. Where date and time follow it, its end is found by them, so that wrong, missing or too
 * many separators within it do not spoil what follows.
 */
#include "formats/name/filename_scan_private.h"

#include <string.h>

/* True where date and time stand by which the end of the EUI-64 is found. */
static bool at_anchor(const struct scan *s, size_t at)
{
    const char *look = s->grammar->anchor;

    if (*look == '\0' || (at > 0 && scan_is_alnum(s, at - 1)))
        return false;
    for (; *look != '\0' && *look != '*'; look++, at++) {
        if (at >= s->limit)
            return false;
        bool fits = *look == 'd'   ? g_ascii_isdigit(s->name[at])
                    : *look == '?' ? !scan_is_alnum(s, at)
                                   : s->name[at] == *look;
        if (!fits)
            return false;
    }
    return *look == '*' || !scan_is_alnum(s, at);
}

/* True when an EUI-64 stands there as its picture has it. */
static bool has_picture(const struct scan *s, const struct name_part *part)
{
    if (s->limit - s->pos < part->max)
        return false;
    for (size_t i = 0; i < part->max; i++) {
        char c = s->name[s->pos + i], p = part->text[i];
        bool fits = p == 'X'   ? g_ascii_isxdigit(c) && !g_ascii_islower(c)
                    : p == 'x' ? g_ascii_isxdigit(c) && !g_ascii_isupper(c)
                               : c == p;
        if (!fits)
            return false;
    }
    return true;
}

/* True when what stands at `at` may follow the EUI-64: the separator and what comes after it, or the end. */
static bool may_follow(const struct scan *s, const struct name_part *part, size_t at)
{
    const struct name_part *separator = part + 1;

    if (part->joined || separator == s->grammar->parts + s->grammar->n || scan_at_tail(s, at))
        return true;
    if (s->limit - at < separator->max || memcmp(s->name + at, separator->text, separator->max) != 0)
        return false;
    return s->grammar->anchor[0] == '\0' || at_anchor(s, at + separator->max);
}

/* Offset after the EUI-64: where its picture fits, there. Else before date and time where these can be seen; else after
 * 16 hex digits with any single separators between them. */
static size_t eui64_end(const struct scan *s, const struct name_part *part)
{
    if (has_picture(s, part) && may_follow(s, part, s->pos + part->max))
        return s->pos + part->max;
    for (size_t at = s->pos; at < s->limit; at++) {
        if (!at_anchor(s, at))
            continue;
        while (at > s->pos && !scan_is_alnum(s, at - 1))
            at--;
        return at;
    }
    size_t at = s->pos, digits = 0;
    while (digits < 16 && at < s->limit && !scan_at_tail(s, at)) {
        if (g_ascii_isxdigit(s->name[at]))
            digits++;
        else if (scan_is_alnum(s, at) || !scan_is_alnum(s, at + 1))
            break;
        at++;
    }
    return scan_run_end(s, at);
}

/* Reads 16 hex digits, whatever separates them. */
static bool guess_eui64(const char *text, size_t len, uint64_t *id)
{
    size_t digits = 0;
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++) {
        if (g_ascii_isxdigit(text[i])) {
            value = value << 4 | (uint64_t)g_ascii_xdigit_value(text[i]);
            digits++;
        } else if (g_ascii_isalnum(text[i])) {
            return false;
        }
    }
    if (digits != 16)
        return false;
    *id = value;
    return true;
}

void scan_eui64(struct scan *s, const struct name_part *part)
{
    char canonical[NAME_TEXT_SIZE];

    if (!scan_begin_segment(s, part, part->expected))
        return;
    size_t start = s->pos, len = eui64_end(s, part) - start;
    s->pos = start + len;
    s->out->eui64_at = (struct filename_place){start, len};
    if (!guess_eui64(s->name + start, len, &s->out->eui64)) {
        scan_add_fault_of(s, part, start, s->pos, part->expected);
        return;
    }
    name_picture_eui64(part->text, s->out->eui64, canonical);
    if (!scan_is_word(s->name + start, len, canonical))
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"eui64", start, s->pos}, "%s: %s", part->expected,
                       canonical);
    else if (memcmp(s->name + start, canonical, len) != 0)
        scan_add_fault(s, FILENAME_BAD_GRAMMAR, (struct span){"eui64", start, s->pos}, "%s: %s",
                       strchr(part->text, 'x') != NULL ? "lower case" : "upper case", canonical);
}
