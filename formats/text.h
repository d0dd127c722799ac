/*
 * Text from outside, made safe to show and to store: names and values from outside can hold any byte.
 *
 * text_escape gives different texts for different bytes, and text_unescape is its inverse. So names are kept escaped
 * everywhere in the spool, the ledger and in messages.
 */
#ifndef ECOSGATE_FORMATS_TEXT_H
#define ECOSGATE_FORMATS_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Bytes of the longest prefix of data that consists of whole UTF-8 characters other than NUL. A character that the end
 * of data cuts off is not part of it: the caller joins its bytes to the next piece. */
size_t text_valid_prefix(const char *data, size_t len);

/* Number of characters in the len bytes of valid UTF-8 at data. */
size_t text_characters(const char *data, size_t len);

/* True when the len bytes at data begin a UTF-8 character whose last bytes are missing. */
bool text_is_cut_character(const char *data, size_t len);

/* A printable copy of at most max_chars characters (0: no limit), which XML can hold too. These become \xHH, byte by
 * byte: control characters, characters that end a line or turn its direction, U+FFFE, U+FFFF, bytes that are not UTF-8.
 * A backslash becomes \\. A copy that was cut ends in an ellipsis within the limit. g_free. */
char *text_escape(const char *data, size_t len, size_t max_chars);

/* "1 file", "2 files": the number and the noun, which gets an s. g_free. */
char *text_count(int64_t n, const char *noun);

/* True when text_escape would change nothing in the text but its backslashes. */
bool text_is_printable(const char *data, size_t len);

/* The bytes whose escaped form, without a limit, is text. *len is set to their number; a NUL follows them. NULL where
 * text is not as text_escape writes it: each name has one escaped form only. g_free. */
char *text_unescape(const char *text, size_t *len);

#endif
