/*
 * Text from outside made safe to show: names and values can hold any byte.
 */
#ifndef ECOSGATE_FORMATS_TEXT_H
#define ECOSGATE_FORMATS_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Length of the longest prefix of data that is whole UTF-8 characters without NUL. A character cut
 * off by the end of data ends the prefix too: the caller joins the rest to the next piece. */
size_t text_valid_prefix(const char *data, size_t len);

/* Number of characters in valid UTF-8. */
size_t text_characters(const char *data, size_t len);

/* True when the bytes at data can still become a UTF-8 character if more bytes follow. */
bool text_is_cut_character(const char *data, size_t len);

/* Printable copy of at most max_chars characters (0: no limit), which XML can hold: control characters,
 * those that end a line or turn its direction, U+FFFE, U+FFFF and bytes that are not UTF-8 become \xHH, a
 * backslash becomes \\, so that equal results mean equal input. A copy that was cut ends in an ellipsis
 * within the limit. Owned by the caller. */
char *text_escape(const char *data, size_t len, size_t max_chars);

/* The bytes that text_escape(…, 0) was given, or NULL where text is no such escape. *len is set. */
char *text_unescape(const char *text, size_t *len);

#endif
