/* UTF-8 is checked here and not by GLib: readers check each byte of a file, eight at a time where they are ASCII, and
 * must tell a wrong character from one that the end of a piece has cut off. */
#include "formats/text.h"

#include <stdint.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define LOW_BITS UINT64_C(0x0101010101010101)

/* Bytes of the character at data; 0: there can be none; -1: the end cuts it off. */
static int character_bytes(const char *data, size_t len)
{
    const unsigned char *p = (const unsigned char *)data;
    unsigned char lead = p[0], low = 0x80, high = 0xbf;
    int n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

    if (lead < 0x80)
        return lead != 0;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    /* Over-long forms, surrogates and characters beyond U+10FFFF show in the second byte. */
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    for (int i = 1; i < n; i++) {
        if ((size_t)i >= len)
            return -1;
        if (p[i] < low || p[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return n;
}

/* Bytes of ASCII without NUL at the beginning of data, in steps of eight. Files hold hardly anything else. */
static size_t ascii_prefix(const char *data, size_t len)
{
    size_t i = 0;

    for (uint64_t word; i + sizeof word <= len; i += sizeof word) {
        memcpy(&word, data + i, sizeof word);
        if ((word | ((word - LOW_BITS) & ~word)) & HIGH_BITS)
            break;
    }
    return i;
}

size_t text_valid_prefix(const char *data, size_t len)
{
    size_t i = ascii_prefix(data, len);

    while (i < len) {
        int n = character_bytes(data + i, len - i);

        if (n <= 0)
            break;
        i += (size_t)n;
        i += ascii_prefix(data + i, len - i);
    }
    return i;
}

size_t text_characters(const char *data, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)data[i] & 0xc0) != 0x80;
    return n;
}

bool text_is_cut_character(const char *data, size_t len)
{
    return len > 0 && character_bytes(data, len) < 0;
}

/* True for a character of n bytes that does not show as itself: controls (U+0080 to U+009F too), line separators,
 * characters that turn the direction of the text around them (U+2028 to U+202E, U+2066 to U+2069), and the
 * non-characters that XML cannot hold (U+FFFE, U+FFFF). */
static bool is_control(const char *data, int n)
{
    const unsigned char *p = (const unsigned char *)data;

    if (n == 1)
        return p[0] < 0x20 || p[0] == 0x7f;
    if (n == 2)
        return p[0] == 0xc2 && p[1] < 0xa0;
    if (n != 3)
        return false;
    return (p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
           (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9) ||
           (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe);
}

/* Appends the character at data, escaped where that is needed; returns how many bytes of data it was. */
static size_t escape_one(GString *out, const char *data, size_t len)
{
    int n = character_bytes(data, len);

    if (n <= 0 || is_control(data, n)) {
        n = MAX(n, 1);
        for (int i = 0; i < n; i++)
            g_string_append_printf(out, "\\x%02X", (unsigned char)data[i]);
    } else if (data[0] == '\\') {
        g_string_append(out, "\\\\");
    } else {
        g_string_append_len(out, data, n);
    }
    return (size_t)n;
}

char *text_escape(const char *data, size_t len, size_t max_chars)
{
    GString *out = g_string_new(NULL);
    size_t chars = 0, keep = 0;

    for (size_t i = 0; i < len;) {
        size_t before = out->len;

        i += escape_one(out, data + i, len - i);
        chars += text_characters(out->str + before, out->len - before);
        if (max_chars > 0 && chars > max_chars) {
            g_string_truncate(out, keep);
            g_string_append(out, "…");
            break;
        }
        /* The last place where an ellipsis still fits; it is never within an escape. */
        if (chars + 1 <= max_chars)
            keep = out->len;
    }
    return g_string_free(out, FALSE);
}

bool text_is_printable(const char *data, size_t len)
{
    for (size_t i = 0; i < len;) {
        int n = character_bytes(data + i, len - i);

        if (n <= 0 || is_control(data + i, n))
            return false;
        i += (size_t)n;
    }
    return true;
}

/* Decodes the escape after a backslash; returns its length, 0 where it is none. */
static size_t unescape_one(const char *text, char *byte)
{
    int high, low;

    if (text[0] == '\\') {
        *byte = '\\';
        return 1;
    }
    if (text[0] != 'x' || (high = g_ascii_xdigit_value(text[1])) < 0 || (low = g_ascii_xdigit_value(text[2])) < 0)
        return 0;
    *byte = (char)(high * 16 + low);
    return 3;
}

char *text_unescape(const char *text, size_t *len)
{
    GString *out = g_string_new(NULL);
    g_autofree char *again = NULL;

    for (const char *p = text; *p; p++) {
        char byte = *p;

        if (*p == '\\') {
            size_t used = unescape_one(p + 1, &byte);

            if (used == 0)
                goto no_escape;
            p += used;
        }
        g_string_append_c(out, byte);
    }
    /* Only what text_escape writes is accepted: "\x41" for "A" would give one name two forms. */
    again = text_escape(out->str, out->len, 0);
    if (strcmp(again, text) != 0)
        goto no_escape;
    *len = out->len;
    return g_string_free(out, FALSE);
no_escape:
    g_string_free(out, TRUE);
    return NULL;
}

char *text_count(int64_t n, const char *noun)
{
    return g_strdup_printf("%" G_GINT64_FORMAT " %s%s", n, noun, n == 1 ? "" : "s");
}
